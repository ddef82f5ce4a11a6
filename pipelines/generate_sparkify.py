"""Write an invented Sparkify bucket: song catalogue and play log of a music app, with the quirks of the real ones.

    python pipelines/generate_sparkify.py FOLDER [--songs N] [--events M] [--days D] [--seed S] [--songs-per-file K]

The defaults write the sample that is committed as pipelines/sparkify. The known results of the sparkify pipeline are
printed as JSON; they are counted here, while writing, without any database. Same arguments, same bytes: only
`Random.random()` of a seeded generator is used, the one method that Python promises never to change. Memory does not
grow with the number of songs or events. All people, artists, titles and places are invented.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import chain, islice
from pathlib import Path
from random import Random
from typing import TypeVar

FIRST_DAY = datetime(2018, 11, 1, tzinfo=UTC)
_SPREAD_SECONDS = 86_000
"""Events of a day are planned into this many seconds; the rest is room for those that must move on."""
_MOST_A_DAY = 1_000_000
_MILLISECONDS = "796"
"""Every ts of the real log ends so."""
_BATCH = 5_000
_KEPT_SONGS = 2_000
_MOST_PLAYS = 6_000
_MOST_USERS = 10_000
_MOST_VISITS = 500
_SPECIAL_EVERY = 800
"""The real catalogue has a number for a title in one song of 784; here the first of every 800 are the odd ones."""

_Random = Callable[[], float]
_T = TypeVar("_T")

LOG_KEYS = (
    "artist", "auth", "firstName", "gender", "itemInSession", "lastName", "length", "level", "location", "method",
    "page", "registration", "sessionId", "song", "status", "ts", "userAgent", "userId",
)  # fmt: skip

_ADJECTIVES = (
    "Amber", "Broken", "Copper", "Distant", "Electric", "Faded", "Gentle", "Hollow", "Idle", "Jagged", "Kindred",
    "Lonely", "Marble", "Narrow", "Open", "Paper", "Quiet", "Restless", "Silver", "Tangled", "Upper", "Velvet",
)  # fmt: skip
_NOUNS = (
    "Anchor", "Balcony", "Compass", "Dynamo", "Elevator", "Ferry", "Garden", "Harbour", "Island", "Junction", "Kettle",
    "Lantern", "Mirror", "Northern Line", "Orchard", "Pendulum", "Railway", "Staircase", "Tunnel", "Umbrella", "Window",
)  # fmt: skip
_VERSIONS = ("",) * 6 + (" (Album Version)", " (Live)", " [Remastered]", " / Reprise", ", Pt. 2", " - Demo")
_SYLLABLES = ("ba", "do", "fi", "ga", "ke", "lo", "mi", "nu", "pra", "ri", "so", "ta", "ul", "ve", "wen", "zi")
_ACCENTS = (
    "Måneskjær", "Niño Sereno", "Fjärilshaven", "Çelik Gökyüzü", "Sœur Étoilée", "Żółty Liść", "夜の電車", "Ночь",
)  # fmt: skip
_QUOTES = ('The "Night" Clerks', "Back\\slash Parade", "O'Malley's Tin Whistle", 'Seven" Single', "C:\\Tapes\\Lost")
_BEYOND = "Clef \U0001d11e Hunters"
"""A sign that JSON escapes as two \\u: outside the Basic Multilingual Plane."""
_FIRST_NAMES = (
    ("Ava", "F"), ("Bram", "M"), ("Chloé", "F"), ("Dov", "M"), ("Elif", "F"), ("Finn", "M"), ("Greta", "F"),
    ("Hugo", "M"), ("Ines", "F"), ("Jorge", "M"), ("Kaia", "F"), ('Lou "Lucky"', "M"), ("Mara", "F"), ("Zoë", "F"),
)  # fmt: skip
_LAST_NAMES = (
    "Ashgrove", "Brückner", "Castellane", "Dunmore", "O'Farrow", "Grünfeld", "Hollis-Wren", "Ibarrola", "Jessop",
    "Kowalczyk", "Løvstad", "Merriweather", "Nakagome", "Pemberly", "Quillfeather", "van der Roost",
)  # fmt: skip
_PLACES = (
    "Alder Falls-Brightwater, OR", "Cedar Point, ME", "Doverton-Eastmere-Fenwick, NY-NJ", "Granite City North, CO",
    "Harrow Bay, WA", "Juniper Springs, TX", "Lakeport-Millbrook, OH", "New Sunderland, IL", "San Telmo-Ríoseco, CA",
)  # fmt: skip
_ARTIST_PLACES = ("", "", "", "Brightwater, OR", "Ríoseco", "Kjærvik, Nordland", "Harrow Bay - West", "Doverton")
_AGENTS = (
    '"Mozilla/5.0 (Windows NT 6.3; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/36.0.1985.143 Safari/537.36"',
    '"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_9_4) AppleWebKit/537.78.2 (KHTML, like Gecko) Version/7.0.6"',
    '"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/37.0.2062.94 Safari/537.36"',
    "Mozilla/5.0 (Windows NT 5.1; rv:31.0) Gecko/20100101 Firefox/31.0",
)


@dataclass(frozen=True, slots=True)
class Counts:
    """The rows that the pipeline must give: one songplay for each NextSong event, joined to at most one song."""

    staging_events: int
    staging_songs: int
    songplays: int
    songplays_with_song: int
    users: int
    songs: int
    artists: int
    time: int


@dataclass(frozen=True, slots=True)
class Artist:
    id: str
    name: str | int
    location: str | int | None
    latitude: float | None
    longitude: float | None


@dataclass(frozen=True, slots=True)
class Song:
    """A song of the catalogue; `duration` counts hundred-thousandths of a second."""

    number: int
    title: str | int | float
    artist: Artist
    duration: int
    year: int


@dataclass(frozen=True, slots=True)
class Play:
    """What a NextSong event says of its song: three pieces of JSON, and whether the catalogue has that song."""

    artist: str
    length: str
    song: str
    known: bool


@dataclass(slots=True)
class User:
    """A listener; `level` changes when they pay or stop paying."""

    id: int
    names: str
    last_name: str
    place: str
    registration: str
    agent: str
    level: str
    busy: bool = False


@dataclass(slots=True, eq=False)
class Visit:
    """A session under way, with the text between those parts of a line that change from event to event."""

    user: User
    number: int
    item: int = 0
    second: int = -1
    logged_in: bool = True
    next_page: str = ""
    plays: bool = False
    """A NextSong may follow."""
    person: str = ""
    surname: str = ""
    level: str = ""
    ids: str = ""
    end: str = ""

    def render(self) -> None:
        """Write the pieces anew: the level changed, or who is logged in."""
        user = self.user
        self.plays = self.logged_in and not self.next_page
        self.level = f',"level":"{user.level}","location":{user.place if self.logged_in else "null"},"method":"'
        if self.logged_in:
            self.person = f',"auth":"Logged In",{user.names},"itemInSession":'
            self.surname = f',"lastName":{user.last_name},"length":'
            self.ids = f'","registration":{user.registration},"sessionId":{self.number},"song":'
            self.end = f'{_MILLISECONDS},"userAgent":{user.agent},"userId":"{user.id}"}}'
        else:
            self.person = ',"auth":"Logged Out","firstName":null,"gender":null,"itemInSession":'
            self.surname = ',"lastName":null,"length":'
            self.ids = f'","registration":null,"sessionId":{self.number},"song":'
            self.end = f'{_MILLISECONDS},"userAgent":null,"userId":""}}'


@dataclass(slots=True)
class Tally:
    """What has been counted so far; `heard` holds the ids of users with a NextSong."""

    songs: int = 0
    artists: int = 0
    events: int = 0
    songplays: int = 0
    known: int = 0
    times: int = 0
    heard: set[int] = field(default_factory=set)


def generate(
    folder: Path, songs: int = 60, events: int = 1_600, days: int = 10, seed: int = 2, songs_per_file: int = 1
) -> Counts:
    """Write song_data/, log_data/ and log_json_path.json into `folder`, and return the known results.

    Errors: ValueError for numbers that cannot be; FileExistsError if the folder has song_data or log_data already.
    """
    if min(songs, events, days, songs_per_file) < 1:
        raise ValueError("songs, events, days and songs per file are 1 at least")
    if events > days * _MOST_A_DAY:
        raise ValueError(f"a day holds {_MOST_A_DAY:,} events at most: give {-(-events // _MOST_A_DAY)} days or more")
    for part in ("song_data", "log_data"):
        (folder / part).mkdir(parents=True)
    (folder / "log_json_path.json").write_text(_jsonpaths(), encoding="ascii", newline="")
    tally, random = Tally(), Random(seed).random
    kept = _write_songs(folder / "song_data", _songs(songs, random, tally), songs_per_file)
    plays = _plays(kept, min(max(events // 5, 40), _MOST_PLAYS), random)
    users = [_user(number, random) for number in range(1, min(max(events // 80, 3), _MOST_USERS) + 1)]
    _write_logs(folder / "log_data", _quotas(events, days, random), _Service(users, plays, random, tally))
    return Counts(
        staging_events=tally.events, staging_songs=tally.songs,
        songplays=tally.songplays, songplays_with_song=tally.known,
        users=len(tally.heard), songs=tally.songs, artists=tally.artists, time=tally.times,
    )  # fmt: skip


def _jsonpaths() -> str:
    paths = ",\n".join(f"        \"$['{key}']\"" for key in LOG_KEYS)
    return f'{{\n    "jsonpaths": [\n{paths}\n    ]\n}}'


# The catalogue


def _songs(count: int, random: _Random, tally: Tally) -> Iterator[Song]:
    """Yield `count` songs; one artist in three sings again, sometimes under another name or from another place."""
    recent: list[Artist] = []
    last: Song | None = None
    for number in range(count):
        kind = number % _SPECIAL_EVERY
        if last and kind in (6, 7, 8):
            song = _sequel(kind, number, last, random)
        else:
            if recent and kind > 12 and random() < 0.36:
                artist = _pick(recent, random)
                artist = _alias(artist, random) if random() < 0.05 else artist
            else:
                artist = _artist(kind, tally.artists, random)
                tally.artists += 1
                recent = [*recent[-49:], artist]
            song = Song(number, _title(kind, random), artist, _duration(random), _year(kind, random))
        last = song
        tally.songs += 1
        yield song


def _sequel(kind: int, number: int, last: Song, random: _Random) -> Song:
    """Return a song like the last one: 6 of another duration, 7 alike but for its id, 8 under another artist name."""
    duration = last.duration if kind == 7 else _duration(random)
    artist = _alias(last.artist, random) if kind == 8 else last.artist
    return Song(number, last.title, artist, duration, last.year)


def _artist(kind: int, number: int, random: _Random) -> Artist:
    name = f"{_pick(_ADJECTIVES, random)} {_pick(_NOUNS, random)}s"
    name = f"{_word(random)} {_word(random)}" if random() < 0.6 else name
    name = _pick((*_ACCENTS, *_QUOTES), random) if random() < 0.06 else name
    names: dict[int, str | int] = {3: _number(random), 9: _pick(_ACCENTS, random), 10: _QUOTES[1], 11: _BEYOND}
    locations: dict[int, str | int | None] = {4: _number(random), 5: None, 12: ""}
    location = locations.get(kind, _pick(_ARTIST_PLACES, random))
    identity = f"AR{_letters(number)}1187{_hexadecimal(number, 7)}"
    place = _coordinates(random) if random() < 0.35 or kind == 12 else (None, None)
    return Artist(identity, names.get(kind, name), location, *place)


def _alias(artist: Artist, random: _Random) -> Artist:
    return Artist(artist.id, f"{artist.name} feat. {_word(random)}", _pick(_PLACES, random), *_coordinates(random))


def _coordinates(random: _Random) -> tuple[float, float]:
    return int((random() - 0.5) * 14_000_000) / 100_000, int((random() - 0.5) * 34_000_000) / 100_000


def _title(kind: int, random: _Random) -> str | int | float:
    title = f"{_pick(_ADJECTIVES, random)} {_pick(_NOUNS, random)}{_pick(_VERSIONS, random)}"
    title = f"{_word(random)} {title}" if random() < 0.6 else title
    title = f"{_pick(_ACCENTS, random)} {title}" if random() < 0.02 or kind == 9 else title
    title = f'{_pick(_QUOTES, random)} "{title}" \\o/' if random() < 0.01 or kind == 10 else title
    numbers = {1: _number(random), 2: (10 * _number(random) + 1 + int(random() * 9)) / 10}
    return numbers.get(kind, title)


def _number(random: _Random) -> int:
    return 11 + int(random() * 989)


def _duration(random: _Random) -> int:
    """Never 3 modulo 7: those lengths are left to plays that must not match."""
    duration = 2_500_000 + int(random() * 42_000_000)
    return duration + (duration % 7 == 3)


def _year(kind: int, random: _Random) -> int:
    return 0 if kind == 5 or random() < 0.32 else 1950 + int(random() * 61)


def _write_songs(folder: Path, songs: Iterator[Song], songs_per_file: int) -> list[Song]:
    """Write the songs as they come and return the first of them, for the log to play."""
    kept: list[Song] = []
    while batch := next(songs, None):
        track = f"TRA{_letters(batch.number)[:4]}128F{_hexadecimal(batch.number, 7)}"
        path = folder / "A" / track[3] / track[4] / f"{track}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="ascii", newline="") as file:
            for song in chain((batch,), islice(songs, songs_per_file - 1)):
                file.write("\n" * (song is not batch) + _song_json(song))
                if len(kept) < _KEPT_SONGS:
                    kept.append(song)
    return kept


def _song_json(song: Song) -> str:
    artist = song.artist
    return json.dumps({
        "num_songs": 1, "artist_id": artist.id,
        "artist_latitude": artist.latitude, "artist_longitude": artist.longitude,
        "artist_location": artist.location, "artist_name": artist.name,
        "song_id": f"SO{_letters(song.number)}12A{_hexadecimal(song.number, 8)}", "title": song.title,
        "duration": song.duration / 100_000, "year": song.year,
    })  # fmt: skip


# The log


def _plays(songs: Sequence[Song], count: int, random: _Random) -> list[Play]:
    """Return `count` plays or a few more: songs of the catalogue, near misses, and songs that it does not have."""
    plays = []
    for song in songs[: max(count // 8, 24)]:
        title, name = str(song.title), str(song.artist.name)
        plays.append(_play(title, name, song.duration, known=title.isascii() and name.isascii()))
        if random() < 0.2:
            plays.append(_play(title, name, _strange_length(random), known=False))
    while len(plays) < count:
        title, name = str(_title(99, random)), str(_artist(99, 0, random).name)
        plays.append(_play(title, name, _strange_length(random), known=False))
    for last in range(len(plays) - 1, 0, -1):
        other = int(random() * (last + 1))
        plays[last], plays[other] = plays[other], plays[last]
    return plays


def _play(title: str, artist: str, duration: int, *, known: bool) -> Play:
    """Every sign beyond ASCII arrives double-encoded in the log; such a play cannot match the catalogue."""
    length = repr(duration / 100_000)
    return Play(f'{{"artist":{_log_text(_garbled(artist))}', length, _log_text(_garbled(title)), known)


def _strange_length(random: _Random) -> int:
    return 7 * (360_000 + int(random() * 6_000_000)) + 3


def _garbled(text: str) -> str:
    once = text.encode().decode("latin-1")
    return once.encode().decode("latin-1")


def _log_text(text: str) -> str:
    return json.dumps(text).replace("/", "\\/")


def _user(number: int, random: _Random) -> User:
    first, gender = _FIRST_NAMES[number % len(_FIRST_NAMES)]
    milliseconds = (int(FIRST_DAY.timestamp()) - int(random() * 2_000_000)) * 1000 + int(_MILLISECONDS)
    return User(
        id=number,
        names=f'"firstName":{_log_text(first)},"gender":"{gender}"',
        last_name=_log_text(_pick(_LAST_NAMES, random)),
        place=_log_text(_pick(_PLACES, random)),
        registration=f"{milliseconds}.0",
        agent=_log_text(_pick(_AGENTS, random)),
        level="paid" if random() < 0.25 else "free",
    )


def _quotas(events: int, days: int, random: _Random) -> list[int]:
    """Share the events out among the days, unevenly."""
    weights = [0.75 + random() / 2 for _ in range(days)]
    ends = [int(events * sum(weights[: day + 1]) / sum(weights)) for day in range(days - 1)] + [events]
    return [end - start for start, end in zip([0, *ends], ends, strict=False)]


_PAGES = ("Home",) * 16 + ("Logout",) * 5 + ("Settings",) * 3 + ("Help", "Help", "About", "About", "Error")
_OUTSIDE = ("Home", "Home", "Home", "Login", "Login", "Help", "About")
_PAY = {"free": ("Upgrade",) * 3, "paid": ("Downgrade",) * 2}
_INSIDE = {level: _PAGES + pages for level, pages in _PAY.items()}
_FOLLOWED_BY = {
    "Logout": (1.0, "Home"), "Login": (1.0, "Home"), "Submit Upgrade": (1.0, "Home"), "Submit Downgrade": (1.0, "Home"),
    "Upgrade": (0.6, "Submit Upgrade"), "Downgrade": (0.3, "Submit Downgrade"), "Settings": (0.3, "Save Settings"),
}  # fmt: skip
_ANSWERS = {
    "Login": ("PUT", 307), "Logout": ("PUT", 307), "Save Settings": ("PUT", 307),
    "Submit Upgrade": ("PUT", 307), "Submit Downgrade": ("PUT", 307), "Error": ("GET", 404),
}  # fmt: skip


class _Service:
    """The app as it runs: who is there now, and what they do next."""

    def __init__(self, users: Sequence[User], plays: Sequence[Play], random: _Random, tally: Tally) -> None:
        self.users, self.plays, self.random, self.tally = users, plays, random, tally
        self.visits: list[Visit] = []
        self.visit_count = 0
        # The first user comes once, looks at the home page and never returns: a user without a play.
        self.visits.append(self._arrive(users[0], second=-1))
        self.visits[0].next_page, self.visits[0].plays = "Home", False

    def day(self, start: int, count: int) -> Iterator[str]:
        """Yield the lines of the day that begins at `start` (seconds since 1970), `count` of them, in order of time."""
        random, plays, visits, heard = self.random, self.plays, self.visits, self.tally.heard
        songplays = known = times = 0
        second, played = start, -1
        for number in range(count):
            if random() > 0.01:
                second = max(second, start + int((number + random()) * _SPREAD_SECONDS / count))
            visit = visits[int(random() * len(visits))]
            if visit.second == second:  # nobody does two things at once: the latest row of a user is one row
                second += 1
            visit.second = second
            if visit.plays and random() < 0.87:
                play = plays[int(random() * random() * len(plays))]
                yield (
                    f"{play.artist}{visit.person}{visit.item}{visit.surname}{play.length}{visit.level}"
                    f'PUT","page":"NextSong{visit.ids}{play.song},"status":200,"ts":{second}{visit.end}'
                )
                songplays += 1
                known += play.known
                times += second != played
                played = second
                heard.add(visit.user.id)
                visit.item += 1
            else:
                yield self._other_page(visit)
        self.tally.events += count
        self.tally.songplays += songplays
        self.tally.known += known
        self.tally.times += times

    def _other_page(self, visit: Visit) -> str:
        page = visit.next_page or _pick(_INSIDE[visit.user.level] if visit.logged_in else _OUTSIDE, self.random)
        method, status = _ANSWERS.get(page, ("GET", 200))
        line = (
            f'{{"artist":null{visit.person}{visit.item}{visit.surname}null{visit.level}'
            f'{method}","page":"{page}{visit.ids}null,"status":{status},"ts":{visit.second}{visit.end}'
        )
        visit.item += 1
        self._go_on(visit, page)
        return line

    def _go_on(self, visit: Visit, page: str) -> None:
        """Change what the page changes: the level, who is logged in, what comes next, or who is there at all."""
        chance, following = _FOLLOWED_BY.get(page, (0.0, ""))
        visit.next_page = following if self.random() < chance else ""
        if page in ("Login", "Logout"):
            visit.logged_in = page == "Login"
        if page.startswith("Submit"):
            visit.user.level = "paid" if page == "Submit Upgrade" else "free"
        visit.render()
        if visit.user.id == 1 or (not visit.next_page and self.random() < 0.3):
            self._leave(visit)

    def _leave(self, visit: Visit) -> None:
        visit.user.busy = False
        self.visits.remove(visit)
        while len(self.visits) < min(max(len(self.users) // 4, 1), _MOST_VISITS):
            user = self.users[1 + int(self.random() * (len(self.users) - 1))]
            if not user.busy:
                self.visits.append(self._arrive(user, visit.second))

    def _arrive(self, user: User, second: int) -> Visit:
        user.busy = True
        self.visit_count += 1
        visit = Visit(user, self.visit_count, second=second, logged_in=user.id == 1 or self.random() > 0.03)
        visit.render()
        return visit


def _write_logs(folder: Path, quotas: Sequence[int], service: _Service) -> None:
    for number, count in enumerate(quotas):
        if not count:
            continue
        day = FIRST_DAY + timedelta(days=number)
        lines = service.day(int(day.timestamp()), count)
        path = folder / f"{day:%Y/%m}" / f"{day:%Y-%m-%d}-events.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="ascii", newline="") as file:
            separator = ""
            while batch := list(islice(lines, _BATCH)):
                file.write(separator + "\n".join(batch))
                separator = "\n"


# Words and identifiers


def _pick(choices: Sequence[_T], random: _Random) -> _T:
    return choices[int(random() * len(choices))]


def _word(random: _Random) -> str:
    return "".join(_pick(_SYLLABLES, random) for _ in range(2 + int(random() * 2))).capitalize()


def _letters(number: int) -> str:
    """Return five letters, different for each number below 26 ** 5: 7,654,321 and 26 have no common divisor."""
    rest, letters = (number + 1) * 7_654_321 % 26**5, ""
    for _ in range(5):
        rest, letter = divmod(rest, 26)
        letters += chr(ord("A") + letter)
    return letters


def _hexadecimal(number: int, digits: int) -> str:
    """Return hexadecimal digits, different for each number below 16 ** digits: the factor is odd."""
    return f"{(number + 1) * 2_654_435_761 % 16**digits:0{digits}X}"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Write an invented Sparkify bucket; print its known results.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--songs", type=int, default=60)
    parser.add_argument("--events", type=int, default=1_600)
    parser.add_argument("--days", type=int, default=10)
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--songs-per-file", type=int, default=1, help="1 as in the real bucket; many for large files")
    try:
        counts = generate(**vars(parser.parse_args(arguments)))
    except FileExistsError as error:
        parser.error(f"{error.filename} exists already: give a new folder, or remove it first")
    except (OSError, ValueError) as error:
        parser.error(str(error))
    json.dump(asdict(counts), sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
