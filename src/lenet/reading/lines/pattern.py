r"""Patterns of lines, as ``\d{3}-\d{4}``: parsed to a small automaton that the best path through a line obeys."""

from dataclasses import dataclass
from numbers import Integral
from typing import NoReturn

from lenet.errors import ReadingError, UnknownName, printable

ALL_DIGITS = frozenset(range(10))
SEPARATORS = frozenset(" -,/:;'_")  # stand for themselves
ESCAPED = frozenset("-./+ ()")  # and these after a backslash
SIGN_MODES = ("omit", "keep")  # what becomes of the signs between digits in the text
MAX_CHARACTERS = 100  # that a pattern may ask for


@dataclass(frozen=True)
class State:
    """A place in a pattern, reached by one character.

    Attributes:
        digits: those that lead here; none if it is a separator that does.
        separator: that separator, or empty.
        following: the states that may come next; later ones only, or the state itself.
    """

    digits: frozenset[int]
    separator: str
    following: tuple[int, ...]


@dataclass(frozen=True)
class Pattern:
    r"""An automaton without empty transitions: state 0 is the start, any other was reached by one character.

    Source of the construction: V. M. Glushkov, The abstract theory of automata, 1961.

    >>> pattern = Pattern.parse(r"\d{3}-\d{4}")
    >>> pattern.accepts("555-1234"), pattern.accepts("5551234")
    (True, False)
    """

    text: str
    states: tuple[State, ...]
    accepting: frozenset[int]

    @classmethod
    def anything(cls) -> "Pattern":
        """Any number of any digits."""
        start, digit = State(frozenset(), "", (1,)), State(ALL_DIGITS, "", (1,))
        return cls(r"\d*", (start, digit), frozenset({0, 1}))

    @classmethod
    def of_length(cls, length: int) -> "Pattern":
        """So many digits.

        Raises:
            ReadingError: if the length is not 1..100.
        """
        if not isinstance(length, Integral) or isinstance(length, bool) or not 1 <= length <= MAX_CHARACTERS:
            raise ReadingError(f"a line cannot have {length!r} digits; a length is 1 to {MAX_CHARACTERS}")
        return cls.parse(rf"\d{{{length}}}")

    @classmethod
    def parse(cls, text: str) -> "Pattern":
        r"""A pattern from a part of the language of regular expressions.

        Args:
            text: of ``\d``, ``[0-4]``, digits, separators (space, ``-``, ``,``, ``/``, ``:``, ``\.``), ``{3}``,
                ``{3,4}``, ``?``, ``|`` and groups in parentheses.

        Raises:
            ReadingError: if there is anything else in it.
        """
        return _Parser(text).pattern()

    @property
    def has_separators(self) -> bool:
        """Whether it asks for anything but digits."""
        return any(state.separator for state in self.states)

    @classmethod
    def of_text(cls, text: str) -> "Pattern":
        """These digits and separators, and nothing else."""
        entries = [(frozenset({int(one)}), "") if one.isdecimal() else (frozenset[int](), one) for one in text]
        states = [State(*entry, (number + 1,) if number < len(text) else ()) for number, entry in enumerate(entries, 1)]
        start = State(frozenset(), "", (1,) if text else ())
        return cls(text, (start, *states), frozenset({len(text)}))

    def accepts(self, text: str) -> bool:
        """Whether digits and separators are what the pattern asks for."""
        return self.ways(text) > 0

    def ways(self, text: str) -> int:
        """In how many ways the pattern makes these digits and separators: the paths through its states."""
        ways = {0: 1}
        for character in text:
            before, ways = ways, {}
            for state, count in before.items():
                for target in self.states[state].following:
                    digits, separator = self.states[target].digits, self.states[target].separator
                    if separator == character or (character.isdecimal() and int(character) in digits):
                        ways[target] = ways.get(target, 0) + count
        return sum(count for state, count in ways.items() if state in self.accepting)


@dataclass(frozen=True)
class _Part:
    """A piece of a pattern: whether it may be empty, and the states it may begin and end with."""

    optional: bool
    first: tuple[int, ...]
    last: tuple[int, ...]


class _Parser:
    """Recursive descent; a repeated part is read again for every repetition."""

    def __init__(self, text: str) -> None:
        self.text, self.position = text, 0
        self.entries: list[tuple[frozenset[int], str]] = [(frozenset(), "")]
        self.following: list[set[int]] = [set()]

    def pattern(self) -> Pattern:
        part = self._choice()
        if self.position < len(self.text):
            self._fail("a parenthesis closes that was not opened")
        if len(self.entries) == 1:
            self._fail("it asks for nothing")
        self.following[0].update(part.first)
        states = tuple(
            State(digits, separator, tuple(sorted(following)))
            for (digits, separator), following in zip(self.entries, self.following, strict=True)
        )
        return Pattern(self.text, states, frozenset(part.last) | (frozenset({0}) if part.optional else frozenset()))

    def _choice(self) -> _Part:
        part = self._sequence()
        while self._accept("|"):
            other = self._sequence()
            part = _Part(part.optional or other.optional, part.first + other.first, part.last + other.last)
        return part

    def _sequence(self) -> _Part:
        part = _Part(True, (), ())
        while self.position < len(self.text) and self.text[self.position] not in "|)":
            part = self._joined(part, self._repeated())
        return part

    def _joined(self, a: _Part, b: _Part) -> _Part:
        for state in a.last:
            self.following[state].update(b.first)
        first = a.first + b.first if a.optional else a.first
        last = a.last + b.last if b.optional else b.last
        return _Part(a.optional and b.optional, first, last)

    def _repeated(self) -> _Part:
        start = self.position
        part = self._atom()
        stop = self.position
        minimum, maximum = self._counts()
        end = self.position
        repeated = _Part(True, (), ())
        for number in range(maximum):
            if number:
                self.position = start
                part = self._atom()
                assert self.position == stop
            repeated = self._joined(repeated, _Part(part.optional or number >= minimum, part.first, part.last))
        self.position = end
        if self.position < len(self.text) and self.text[self.position] in "?{":
            self._fail("one count follows another")
        return repeated

    def _counts(self) -> tuple[int, int]:
        if self._accept("?"):
            return 0, 1
        if not self._accept("{"):
            return 1, 1
        close = self.text.find("}", self.position)
        minimum, comma, maximum = self.text[self.position : max(close, self.position)].partition(",")
        if close < 0 or not _is_count(minimum) or (comma and not _is_count(maximum)):
            self._fail("a count is written {3} or {3,4}")
        self.position = close + 1
        low, high = int(minimum), int(maximum) if comma else int(minimum)
        if not 0 < high <= MAX_CHARACTERS or low > high:
            self._fail(f"a count goes from the smaller to the larger, up to {MAX_CHARACTERS}")
        return low, high

    def _atom(self) -> _Part:
        character = self.text[self.position]
        self.position += 1
        if character == "(":
            part = self._choice()
            if not self._accept(")"):
                self._fail("a parenthesis is not closed")
            return part
        if character == "[":
            return self._entry(self._class(), "")
        if character == "\\":
            escaped = self.text[self.position : self.position + 1]
            self.position += 1
            if escaped == "d":
                return self._entry(ALL_DIGITS, "")
            if escaped and escaped in ESCAPED:
                return self._entry(frozenset(), escaped)
            self.position -= 2
        elif character in "0123456789":
            return self._entry(frozenset({int(character)}), "")
        elif character in SEPARATORS:
            return self._entry(frozenset(), character)
        else:
            self.position -= 1
        self._fail(f"{self.text[self.position : self.position + 1 + (character == chr(92))]!r} is not known")

    def _class(self) -> frozenset[int]:
        close = self.text.find("]", self.position)
        inside = self.text[self.position : max(close, self.position)]
        digits: set[int] = set()
        rest = inside
        while rest:
            size = 3 if rest[1:2] == "-" else 1
            ends = rest[:size:2]
            if len(ends) != (size + 1) // 2 or not all(end in "0123456789" for end in ends) or ends[0] > ends[-1]:
                digits.clear()
                break
            digits.update(range(int(ends[0]), int(ends[-1]) + 1))
            rest = rest[size:]
        if close < 0 or not digits:
            self._fail("brackets hold digits, as [0-4] or [135]")
        self.position = close + 1
        return frozenset(digits)

    def _entry(self, digits: frozenset[int], separator: str) -> _Part:
        if len(self.entries) > MAX_CHARACTERS:
            self._fail(f"it asks for more than {MAX_CHARACTERS} characters")
        self.entries.append((digits, separator))
        self.following.append(set())
        state = len(self.entries) - 1
        return _Part(False, (state,), (state,))

    def _accept(self, character: str) -> bool:
        taken = self.text.startswith(character, self.position)
        self.position += taken
        return taken

    def _fail(self, why: str) -> NoReturn:
        rest = printable(self.text[self.position :])
        place = f"at '{rest}'" if rest else "at its end"
        raise ReadingError(
            rf"pattern '{printable(self.text)}', {place}: {why}; "
            r"a pattern is made of \d, [0-4], digits, "
            r"separators (space - , / : \.), {3}, {3,4}, ?, | and (groups)"
        )


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 4


def check_signs(signs: str) -> None:
    """Refuse what does not say what becomes of the signs between digits.

    Raises:
        UnknownName: if it is not one of SIGN_MODES.
    """
    if signs not in SIGN_MODES:
        raise UnknownName("mode of signs", str(signs), SIGN_MODES)


def pattern_of(single: bool, length: int | None, pattern: str | None) -> Pattern | None:
    """The pattern of each line; None if none is specified.

    Raises:
        ReadingError: if more than one is specified, or the pattern or length is invalid.
    """
    if pattern is not None and not isinstance(pattern, str):
        raise ReadingError(f"pattern is {pattern!r}, expected a text, as '\\d{{3}}-\\d{{4}}'")
    if sum([bool(single), length is not None, pattern is not None]) > 1:
        raise ReadingError("choose one of single, length and pattern")
    if pattern is not None:
        return Pattern.parse(pattern)
    return Pattern.of_length(length) if length is not None else None
