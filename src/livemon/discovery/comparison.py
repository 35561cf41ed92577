"""Compares what was found with what the inventory says: one sentence for each difference, with what to write."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from livemon.discovery import inventory
from livemon.discovery.found import Found
from livemon.discovery.site import Expected
from livemon.instruments import folders


@dataclass(frozen=True)
class Difference:
    """A difference: its kind in one word, the ids of the instruments of the inventory that it is about, and a sentence."""

    kind: str
    ids: tuple[str, ...]
    sentence: str


def differences(
    expected: Sequence[Expected],
    found: Sequence[Found],
    instead: Mapping[tuple[str, int], str],
    untold: Collection[str] = (),
    taken: Collection[str] = (),
) -> list[Difference]:
    """Return all differences, those of the inventory's instruments first, in its order.

    Parameters
    ----------
    expected
        The inventory's instruments; simulated ones are passed over.
    found
        What was found, by asking or by the agents' word.
    instead
        What listens at an address and is not an instrument, in a few words, by IP address and port.
    untold
        Ids of instruments whose agents run and do not say what they talk to.
    taken
        All ids that the inventory uses.
    """
    return list(_Comparison([each for each in expected if not each.simulated], found, instead, untold, taken).all())


class _Comparison:
    def __init__(
        self,
        expected: Sequence[Expected],
        found: Sequence[Found],
        instead: Mapping[tuple[str, int], str],
        untold: Collection[str],
        taken: Collection[str],
    ) -> None:
        self._expected, self._found = expected, found
        self._instead, self._untold, self._taken = instead, untold, taken
        self._here = {each.id: self._at(each) for each in expected}
        self._by_serial = {each.serial: each for each in expected if each.serial}
        self._mentioned: set[str] = set()

    def _at(self, one: Expected) -> Found | None:
        """Return what is where an instrument should be."""
        if one.host is None:
            return next((each for each in self._found if each.on_usb and each.serial == one.serial), None)
        return next((each for each in self._found if (each.host, each.port) == (one.ip, one.port)), None)

    def all(self) -> Iterator[Difference]:
        swapped: set[str] = set()
        for one in self._expected:
            here = self._here[one.id]
            if one.id in swapped:
                continue
            if here and here.number == one.number and here.serial == (one.serial or here.serial):
                self._mentioned.add(here.serial)
                continue
            other = self._swapped_with(one)
            if other:
                swapped.add(other.id)
                yield _swap(one, other)
            else:
                yield self._of(one, here)
        yield from self._unknown()

    def _swapped_with(self, one: Expected) -> Expected | None:
        here = self._here[one.id]
        other = self._by_serial.get(here.serial) if here else None
        there = self._here[other.id] if other else None
        return other if there and other is not one and there.serial == one.serial else None

    def _of(self, one: Expected, here: Found | None) -> Difference:
        name = f"{_name(one.number)} {one.serial}".strip()
        elsewhere = next((each for each in self._found if one.serial and each.serial == one.serial), None)
        if elsewhere and elsewhere is not here:
            return Difference("moved", (one.id,), f"{one.id}: {name} is {_moved(one, elsewhere)}")
        if here is None:
            return self._missing(one, name)
        other = self._by_serial.get(here.serial)
        if other and other is not one:
            at = f"{here.name}, which is {other.id} in the inventory, replies at {one.place}"
            return Difference(
                "misplaced", (one.id, other.id), f"{one.id}: {at}, not {name}; find the address of {one.serial}"
            )
        self._mentioned.add(here.serial)
        words = [f"model: {here.number}"] if here.number not in {one.number, None} else []
        words += [f"serial: {here.serial}"] if here.serial != one.serial else []
        advice = f"write {' and '.join(words)}" if words else "livemon cannot read that model"
        sentence = f"{one.id}: {here.name} replies at {one.place}, not {name}; if the box was exchanged, {advice}"
        return Difference("exchanged", (one.id,), sentence)

    def _missing(self, one: Expected, name: str) -> Difference:
        if one.id in self._untold:
            how = f"its agent runs and does not say which instrument it talks to; --all asks at {one.place} itself"
            return Difference("unknown", (one.id,), f"{one.id}: {how}")
        if one.host is None and folders.models()[one.number].usb is None:
            how = f"{name} is on a serial line that its agent does not read; name the line: --serial-line /dev/ttyUSB0"
            return Difference("silent", (one.id,), f"{one.id}: {how}")
        if one.host is None:
            return Difference(
                "silent", (one.id,), f"{one.id}: {name} is not on USB; check that it is switched on, and its cable"
            )
        if one.ip is None:
            how = f"the name {one.host} has no IPv4 address; write address: followed by the instrument's IP address"
            return Difference("silent", (one.id,), f"{one.id}: {how}")
        there = self._instead.get((one.ip, one.port or 0))
        what = f"what listens at {one.place} {there}" if there else f"nothing listens at {one.place}"
        advice = "check its power, its cable and the address on its display, or look for it by naming its subnet"
        return Difference("silent", (one.id,), f"{one.id}: {name} does not reply: {what}; {advice}")

    def _unknown(self) -> Iterator[Difference]:
        known = set(self._by_serial) | self._mentioned
        new: dict[str, Found] = {
            each.serial: each for each in reversed(self._found) if each.number and each.serial not in known
        }
        taken = set(self._taken)
        for each in reversed(new.values()):
            reason = inventory.fault(each)
            identifier = inventory.new_id(each, taken)
            taken.add(identifier)
            advice = reason or f"add - {inventory.line(each, identifier)}"
            yield Difference("new", (), f"{each.name} at {each.place} is not in the inventory; {advice}")


def _swap(one: Expected, other: Expected) -> Difference:
    sentence = (
        f"{one.id} and {other.id} are swapped: {other.serial} replies at {one.place} and {one.serial} at {other.place}; "
        f"write address: {_address(other)} for {one.id} and address: {_address(one)} for {other.id}, or swap the boxes"
    )
    return Difference("swapped", (one.id, other.id), sentence)


def _moved(one: Expected, elsewhere: Found) -> str:
    reason = inventory.fault(elsewhere)
    advice = f"write address: {elsewhere.address}" if elsewhere.address else "leave out its address"
    return f"at {elsewhere.place}, not at {one.place}; {reason or advice}"


def _address(one: Expected) -> str:
    own_port = folders.models()[one.number].port
    return f"{one.host}" if one.port == own_port else f"{one.host}:{one.port}"


def _name(number: str) -> str:
    return folders.models()[number].name
