"""Redshift's system tables and views, as queries over local Redshift's catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .scope import OutColumn, Session

if TYPE_CHECKING:
    from .session import LocalSession


def system_view(
    session: LocalSession, context: Session, schema: str | None, name: str
) -> tuple[str, tuple[OutColumn, ...]] | None:
    return None
