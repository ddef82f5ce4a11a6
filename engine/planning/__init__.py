"""Pipeline + target -> Plan: templates rendered, in dependency order, before anything is sent."""

from .files import make_files_looks
from .run import make_check_plan, make_plan

__all__ = ["make_check_plan", "make_files_looks", "make_plan"]
