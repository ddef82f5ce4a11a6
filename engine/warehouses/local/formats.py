"""TO_CHAR, TO_DATE and TO_NUMBER formats -> DuckDB expressions.

Source: https://docs.aws.amazon.com/redshift/latest/dg/r_FORMAT_strings.html, r_Numeric_formating.html
"""

from __future__ import annotations

import re

from ...errors import WarehouseError
from .types import stored_type
from .values import Typed, category, literal

_TIME_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|(?P<fm>FM|fm|FX|fx)|'
    r"(?P<token>HH24|HH12|HH|MI|SSSS|SS|MS|US|A\.M\.|P\.M\.|AM|PM|Y,YYY|YYYY|YYY|YY|Y|IYYY|IYY|IY|IDDD|ID|IW|I|"
    r"BC|AD|B\.C\.|A\.D\.|MONTH|MON|MM|DAY|DDD|DD|DY|D|WW|W|CC|J|Q|RM|TZ|OF)(?P<th>TH)?",
    re.IGNORECASE,
)
_NUMBERS_OF = {
    "HH24": ("hour({})", 2), "HH12": ("((hour({}) + 11) % 12 + 1)", 2), "HH": ("((hour({}) + 11) % 12 + 1)", 2),
    "MI": ("minute({})", 2), "SS": ("second({})", 2), "MS": ("(millisecond({}) % 1000)", 3),
    "US": ("(microsecond({}) % 1000000)", 6), "SSSS": ("(hour({0}) * 3600 + minute({0}) * 60 + second({0}))", 1),
    "YYYY": ("year({})", 4), "YYY": ("(year({}) % 1000)", 3), "YY": ("(year({}) % 100)", 2),
    "Y": ("(year({}) % 10)", 1),
    "IYYY": ("isoyear({})", 4), "IYY": ("(isoyear({}) % 1000)", 3), "IY": ("(isoyear({}) % 100)", 2),
    "I": ("(isoyear({}) % 10)", 1), "MM": ("month({})", 2), "DDD": ("dayofyear({})", 3), "DD": ("day({})", 2),
    "IDDD": ("((week({0}) - 1) * 7 + isodow({0}))", 3),
    "D": ("(dayofweek({}) + 1)", 1), "ID": ("isodow({})", 1), "WW": ("((dayofyear({}) - 1) // 7 + 1)", 2),
    "W": ("((day({}) - 1) // 7 + 1)", 1), "IW": ("week({})", 2), "CC": ("century({})", 2),
    "J": ("CAST(julian(CAST({} AS DATE)) AS BIGINT)", 1), "Q": ("quarter({})", 1),
}  # fmt: skip
_NAMES_OF = {"MONTH": ("monthname({})", 9), "MON": ("left(monthname({}), 3)", 3),
             "DAY": ("dayname({})", 9), "DY": ("left(dayname({}), 3)", 3)}  # fmt: skip
_ROMAN = "['I','II','III','IV','V','VI','VII','VIII','IX','X','XI','XII']"


def text_of_time(sql: str, pattern: str) -> str:
    """Return TO_CHAR of a date or timestamp."""
    pieces, position, plain, bare = [], 0, "", False
    while position < len(pattern):
        match = _TIME_TOKEN.match(pattern, position)
        if match is None:
            plain += pattern[position]
            position += 1
            continue
        position = match.end()
        if match["quoted"] is not None:
            plain += match["quoted"]
        elif match["fm"]:
            bare = bare or match["fm"].upper() == "FM"
        else:
            if plain:
                pieces.append(literal(plain))
            plain = ""
            pieces.append(_time_piece(sql, match["token"], bool(match["th"]), match["th"] or "", bare))
            bare = False
    if plain or not pieces:
        pieces.append(literal(plain))
    return f"({' || '.join(pieces)})" if len(pieces) > 1 else f"CAST({pieces[0]} AS VARCHAR)"


def _time_piece(sql: str, token: str, ordinal: bool, suffix: str, bare: bool) -> str:
    upper = token.upper()
    if upper in _NUMBERS_OF:
        template, width = _NUMBERS_OF[upper]
        number = template.format(sql)
        text = f"CAST({number} AS VARCHAR)"
        if width > 1 and not bare:
            text = f"rs_zeros({number}, {width})"
        if ordinal:
            text = f"({text} || {'upper' if suffix.isupper() else 'lower'}(rs_ordinal({number})))"
        return text
    if upper in _NAMES_OF:
        template, width = _NAMES_OF[upper]
        text = _cased(template.format(sql), token)
        return text if bare or width == 3 else f"rpad({text}, {width}, ' ')"
    return _rare_piece(sql, token, upper)


def _rare_piece(sql: str, token: str, upper: str) -> str:
    if upper in ("AM", "PM", "A.M.", "P.M."):
        dots = "." if "." in upper else ""
        texts = [f"A{dots}M{dots}", f"P{dots}M{dots}"]
        texts = [text.lower() if token.islower() else text for text in texts]
        return f"(CASE WHEN hour({sql}) < 12 THEN '{texts[0]}' ELSE '{texts[1]}' END)"
    if upper in ("BC", "AD", "B.C.", "A.D."):
        return literal(_ERA[upper] if token.isupper() else _ERA[upper].lower())
    if upper == "Y,YYY":
        return f"(CAST(year({sql}) // 1000 AS VARCHAR) || ',' || rs_zeros(year({sql}) % 1000, 3))"
    if upper == "RM":
        text = f"rpad({_ROMAN}[month({sql})], 4, ' ')"
        return text if token.isupper() else f"lower({text})"
    return literal({"TZ": "UTC" if token.isupper() else "utc", "OF": "+00"}[upper])


_ERA = {"BC": "AD", "AD": "AD", "B.C.": "A.D.", "A.D.": "A.D."}


def _cased(text: str, token: str) -> str:
    if token.isupper():
        return f"upper({text})"
    return f"lower({text})" if token.islower() else text


# --- reading -------------------------------------------------------------------------------------------------------

_READ = {
    "YYYY": "y", "YYY": "y3", "YY": "yy", "Y": "y1", "MM": "mo", "MON": "mon", "MONTH": "mon", "DD": "d", "DDD": "doy",
    "HH24": "h", "HH12": "h12", "HH": "h12", "MI": "mi", "SS": "s", "MS": "ms", "US": "us", "AM": "ap", "PM": "ap",
    "A.M.": "ap", "P.M.": "ap", "DAY": "", "DY": "", "D": "", "Q": "", "TZ": "", "OF": "", "J": "j", "BC": "", "AD": "",
    "IYYY": "iy", "IW": "iw", "ID": "id", "SSSS": "ssss", "WW": "ww",
}  # fmt: skip
_DIGITS = {
    "YYYY": 4, "YYY": 3, "YY": 2, "Y": 1, "MM": 2, "DD": 2, "DDD": 3, "HH24": 2, "HH12": 2, "HH": 2, "MI": 2, "SS": 2,
    "MS": 3, "US": 6, "J": 7, "D": 1, "Q": 1, "IYYY": 4, "IW": 2, "ID": 1, "SSSS": 5, "WW": 2,
}  # fmt: skip


def date_of_text(sql: str, pattern: str, strict: bool) -> str:
    """Return TO_TIMESTAMP of a text as a DuckDB TIMESTAMP: the pattern becomes a regular expression."""
    regex, groups, position = r"^\s*", [], 0
    pattern = pattern.strip()
    while position < len(pattern):
        match = _TIME_TOKEN.match(pattern, position)
        if match is None:
            regex += r"\s*" if pattern[position].isspace() else "(?:" + re.escape(pattern[position]) + r"|[^\w\s])"
            position += 1
            continue
        position = match.end()
        if match["quoted"] is not None:
            regex += "." * len(match["quoted"])
        elif match["token"]:
            name = _field(match["token"].upper(), pattern)
            regex += _field_regex(match["token"].upper(), name, pattern[position : position + 1])
            groups += [name] if name else []
    if len(set(groups)) < len(groups):
        raise WarehouseError(f"the format '{pattern}' asks for the same part twice", sqlstate="22007")
    if not groups:
        raise WarehouseError(f"the format '{pattern}' names no part of a date", sqlstate="22007")
    names = ", ".join(literal(name) for name in groups)
    found = f"regexp_extract({sql}, {literal(regex)}, [{names}])"
    return _assembled(sql, found, set(groups), pattern, strict)


def _field(token: str, pattern: str) -> str:
    if token not in _READ:
        raise WarehouseError(f"not supported locally: {token} in the format '{pattern}'", sqlstate="0A000")
    return _READ[token]


def _field_regex(token: str, name: str, following: str) -> str:
    if token in ("MON", "DY"):
        return r"([A-Za-z]{3})" if name else r"[A-Za-z]{3}"
    if token in ("MONTH", "DAY"):
        return r"([A-Za-z]+)" if name else r"[A-Za-z]+"
    if token in ("TZ", "OF"):
        return r"[A-Za-z+\-:0-9]*"
    if name == "ap":
        return r"([AaPp]\.?[Mm]\.?)"
    if token in ("BC", "AD"):
        return r"[A-Za-z.]+"
    digits = _DIGITS[token]
    fixed = following.isalpha()
    amount = f"{{{digits}}}" if fixed and digits > 2 else f"{{1,{digits}}}"
    return rf"\s*(\d{amount})" if name else rf"\d{amount}"


def _assembled(sql: str, found: str, groups: set[str], pattern: str, strict: bool) -> str:
    def part(name: str, default: str = "1") -> str:
        return f"CAST(f.{name} AS BIGINT)" if name in groups else default

    year = part("y", "0")
    if "yy" in groups:
        year = f"(CASE WHEN {part('yy')} < 70 THEN 2000 ELSE 1900 END + {part('yy')})"
    elif "y3" in groups:
        year = f"(CASE WHEN {part('y3')} >= 520 THEN 1000 ELSE 2000 END + {part('y3')})"
    elif "y1" in groups:
        year = f"(2000 + {part('y1')})"
    year = year if groups & {"y", "yy", "y3", "y1"} else "1"
    month = f"rs_month(f.mon, {literal(pattern)})" if "mon" in groups else part("mo")
    hour = part("h", "0")
    if "h12" in groups:
        hour = (
            f"({part('h12')} % 12 + CASE WHEN lower(f.ap[1]) = 'p' THEN 12 ELSE 0 END)"
            if "ap" in groups
            else part("h12")
        )
    second = part("s", "0") if "ssss" not in groups else part("ssss")
    fraction = (
        "CAST(rpad(f.us, 6, '0') AS BIGINT)"
        if "us" in groups
        else ("CAST(rpad(f.ms, 3, '0') AS BIGINT) * 1000" if "ms" in groups else "0")
    )
    day = part("doy") if "doy" in groups else part("d")
    if "doy" in groups:
        month = "1"
    if "j" in groups:
        date = f"(DATE '4714-11-24 (BC)' + CAST({part('j')} AS INTEGER))"
    elif "iy" in groups:
        week, weekday = part("iw"), part("id")
        date = f"rs_iso_date({part('iy')}, {week}, {weekday})"
    elif "ww" in groups:
        date = f"rs_to_date({year}, 1, ({part('ww')} - 1) * 7 + 1, FALSE)"
    else:
        date = f"rs_to_date({year}, {month}, {day}, {'TRUE' if strict else 'FALSE'})"
    first = sorted(groups)[0]
    return (
        f"(SELECT CASE WHEN {sql} IS NULL THEN NULL WHEN f.{first} = '' THEN rs_no_date({sql}, {literal(pattern)}) "
        f"ELSE {date} + to_microseconds((({hour} * 60 + {part('mi', '0')}) * 60 + {second}) * 1000000 + {fraction}) "
        "END "
        f"FROM (SELECT {found} AS f))"
    )


# --- numbers -------------------------------------------------------------------------------------------------------

_NUMBER_TOKEN = re.compile(r'"[^"]*"|9|0|\.|D|,|G|FM|PL|MI|SG|PR|S|L|B|\$|TH|RN|V|EEEE|.', re.IGNORECASE | re.DOTALL)
_NUMBER_TOKENS = frozenset("9 0 . D , G FM PL MI SG PR S L B $ TH RN V EEEE".split())


def text_of_number(value: Typed, pattern: str) -> str:
    """Return TO_CHAR of a number. Errors: WarehouseError 0A000 for V, EEEE and text between the digits."""
    before, written, after = _literals(_NUMBER_TOKEN.findall(pattern), pattern)
    text = _text_of_number(value, pattern, written)
    return " || ".join(piece for piece in (before and literal(before), text, after and literal(after)) if piece)


def _literals(tokens: list[str], pattern: str) -> tuple[str, list[str], str]:
    """Return the text before the format's own signs, these, and the text behind them; blanks may stand between."""
    own = [place for place, token in enumerate(tokens) if token.upper() in _NUMBER_TOKENS]
    first, last = (own[0], own[-1] + 1) if own else (len(tokens), len(tokens))
    inside = tokens[first:last]
    for token in inside:
        if token.upper() not in _NUMBER_TOKENS and token != " ":
            raise WarehouseError(f"not supported locally: text inside of the format '{pattern}'", sqlstate="0A000")
    outside = ("".join(token.strip('"') if len(token) > 1 else token for token in part)
               for part in (tokens[:first], tokens[last:]))  # fmt: skip
    before, after = outside
    return before, inside, after


def _text_of_number(value: Typed, pattern: str, written: list[str]) -> str:
    suffix = next((token for token in written if token.upper() == "TH"), "")
    tokens = [token.upper() for token in written]
    if tokens in (["RN"], ["FM", "RN"]):
        text = f"rs_roman(CAST({value.sql} AS BIGINT))"
        text = f"lower({text})" if written[-1].islower() else text
        return f"trim({text})" if "FM" in tokens else text
    for token in tokens:
        if token in ("RN", "V", "EEEE"):
            raise WarehouseError(f"not supported locally: {token} in the format '{pattern}'", sqlstate="0A000")
    whole, fraction = _split(tokens)
    digits = sum(token in "90" for token in whole)
    places = sum(token in "90" for token in fraction)
    exact = value.sql
    if category(value.type) == "float":
        # As C prints it: a float that lies under the half is not rounded up, one that is the half goes to the even.
        exact = f"CAST(format('{{:.{places}f}}', CAST({value.sql} AS DOUBLE)) AS DECIMAL(38,{places}))"
    rounded = f"round(CAST({exact} AS {_room(value, places)}), {places})"
    number = f"CAST(abs({rounded}) AS VARCHAR)"
    bare = "FM" in tokens
    body = _body(whole, digits, number)
    point = any(token in (".", "D") for token in tokens)
    tail = _tail(fraction, places, number, bare) if point else "''"
    return _signed(tokens, whole, body, tail, rounded, bare, digits, places, point, suffix)


def _room(value: Typed, places: int) -> str:
    if value.type.name == "decimal":
        return stored_type(value.type) if (value.type.scale or 0) >= places else f"DECIMAL(38,{places})"
    return f"DECIMAL(38,{places})"


def _split(tokens: list[str]) -> tuple[list[str], list[str]]:
    for position, token in enumerate(tokens):
        if token in (".", "D"):
            return tokens[:position], tokens[position + 1 :]
    return tokens, []


def _body(whole: list[str], digits: int, number: str) -> str:
    """The digits before the point, each in its place, blanks (or zeros from the first 0 on) before them."""
    signs = [token for token in whole if token in ("9", "0", ",", "G", " ")]
    zero_from = next((i for i, t in enumerate([t for t in signs if t in "90"]) if t == "0"), None)
    zeros = digits - zero_from if zero_from is not None else 0
    texts, seen = [], 0
    integer = f"rs_digits({number}, {digits}, {zeros})"
    for sign in signs:
        if sign in "90":
            seen += 1
            texts.append(f"substring(i, {seen}, 1)")
        elif sign == " ":
            texts.append("' '")
        else:
            texts.append(f"CASE WHEN trim(substring(i, 1, {seen})) = '' THEN ' ' ELSE ',' END")
    if not texts:
        return "''"
    return f"(SELECT concat({', '.join(texts)}) FROM (SELECT {integer} AS i))"


def _tail(fraction: list[str], places: int, number: str, bare: bool) -> str:
    text = f"('.' || left(rpad(split_part({number}, '.', 2), {places}, '0'), {places}))" if places else "'.'"
    if bare and places:
        keep = max((i + 1 for i, t in enumerate([t for t in fraction if t in "90"]) if t == "0"), default=0)
        return f"(left({text}, {keep + 1}) || rtrim(substring({text}, {keep + 2}), '0'))"
    return text


def _signed(
    tokens: list[str],
    whole: list[str],
    body: str,
    tail: str,
    number: str,
    bare: bool,
    digits: int,
    places: int,
    point: bool,
    suffix: str,
) -> str:
    hashes = "".join("," if token in (",", "G") else "#" if token in "90" else token
                     for token in whole if token in ("9", "0", ",", "G", " "))  # fmt: skip
    trailing = next((t for t in reversed(tokens) if t in ("S", "MI", "PR", "SG", "PL")), "")
    leads = bool(trailing) and tokens.index(trailing) < next((i for i, t in enumerate(tokens) if t in "90"), 0)
    symbol = "'$'" if "L" in tokens or "$" in tokens else "''"
    negative = f"({number} < 0)"
    minus = f"CASE WHEN {negative} THEN '-' ELSE ' ' END"
    overflow = f"length(split_part(CAST(abs({number}) AS VARCHAR), '.', 1)) > {max(digits, 1)}"
    filled = f"CASE WHEN {overflow} THEN {literal(hashes)} ELSE {body} END"
    core = f"({filled} || CASE WHEN {overflow} THEN {literal('.' + '#' * places if point else '')} ELSE {tail} END)"
    if trailing == "S" and not leads:
        text = f"({_placed(core, symbol)} || CASE WHEN {negative} THEN '-' ELSE '+' END)"
    elif trailing == "PL":
        plus = f"CASE WHEN {negative} THEN ' ' ELSE '+' END"
        minus = f"CASE WHEN {negative} THEN '-' ELSE '' END"
        signed = f"lpad({minus} || ltrim({core}), CAST(length({core}) + 1 AS INTEGER), ' ')"
        text = f"({plus} || {signed})" if leads else f"({signed} || {plus})"
    elif trailing in ("S", "SG") and leads:
        sign = f"CASE WHEN {negative} THEN '-' ELSE '+' END"
        text = (
            f"lpad({sign} || {symbol} || ltrim({core}), CAST(length({core}) + 1 AS INTEGER), ' ')"
            if trailing == "S"
            else f"({sign} || {core})"
        )
    elif trailing == "MI":
        text = f"({minus} || {core})" if leads else f"({core} || {minus})"
    elif trailing == "PR":
        inner = f"ltrim({core})"
        text = (
            f"lpad(CASE WHEN {negative} THEN '<' || {inner} || '>' ELSE ' ' || {inner} || ' ' END, "
            f"CAST(length({core}) + 2 AS INTEGER), ' ')"
        )
    else:
        sign = f"CASE WHEN {negative} THEN '-' ELSE '' END"
        signed = f"lpad({sign} || ltrim({core}), CAST(length({core}) + 1 AS INTEGER), ' ')"
        text = f"({symbol} || {f'ltrim({signed})' if bare else signed})"
    if bare:
        text = f"trim({text})"
        if places and "0" not in tokens:
            text = f"CASE WHEN {number} = 0 THEN '0.' ELSE {text} END"
    if "TH" not in tokens or point:
        return text
    ending = f"{'upper' if suffix.isupper() else 'lower'}(rs_ordinal({number}))"
    return f"({text} || CASE WHEN {negative} OR {overflow} THEN '' ELSE {ending} END)"


def _placed(core: str, symbol: str) -> str:
    return (
        f"lpad({symbol} || ltrim({core}), CAST(length({core}) + length({symbol}) AS INTEGER), ' ')"
        if symbol != "''"
        else core
    )


def number_of_text(sql: str, pattern: str) -> tuple[str, int, int]:
    """Return TO_NUMBER of a text: its expression, precision and scale."""
    tokens = [token.upper() for token in _NUMBER_TOKEN.findall(pattern)]
    whole, fraction = _split(tokens)
    places = sum(token in "90" for token in fraction)
    precision = max(1, sum(token in "90" for token in whole) + places)
    digits = f"regexp_extract(rs_to_number({sql}), '^-?[0-9]*{f'([.][0-9]{{0,{places}}})?' if places else ''}')"
    return f"CAST({digits} AS DECIMAL({min(38, precision)},{places}))", min(38, precision), places
