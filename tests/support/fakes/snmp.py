"""An SNMP agent (RFC 1157, RFC 3416; versions 1 and 2c) with constant values."""

from __future__ import annotations

from collections.abc import Mapping

from pyasn1.codec.ber import decoder, encoder
from pysnmp.proto import api

Oid = tuple[int, ...]
_NO_SUCH_NAME = 2


def oid(text: str) -> Oid:
    """Return the numbers of a dotted object identifier."""
    return tuple(map(int, text.split(".")))


class Variables:
    """Integers and texts by their object identifiers."""

    def __init__(self, values: Mapping[Oid, int | str]) -> None:
        self._values = values

    def answer(self, request: bytes) -> bytes:
        """Answer a GetRequest; version 1 refuses it, as it should, if one of the variables is not known."""
        version = api.decodeMessageVersion(request)
        protocol = api.protoModules[version]
        message, _ = decoder.decode(request, asn1Spec=protocol.Message())
        response = protocol.apiMessage.getResponse(message)
        asked = protocol.apiPDU.getVarBinds(protocol.apiMessage.getPDU(message))
        answered = protocol.apiMessage.getPDU(response)
        unknown = [number for number, (name, _) in enumerate(asked, 1) if tuple(name) not in self._values]
        if unknown:
            protocol.apiPDU.setErrorStatus(answered, _NO_SUCH_NAME)
            protocol.apiPDU.setErrorIndex(answered, unknown[0])
            protocol.apiPDU.setVarBinds(answered, asked)
        else:
            protocol.apiPDU.setVarBinds(answered, [(name, self._value(protocol, tuple(name))) for name, _ in asked])
        return bytes(encoder.encode(response))

    def _value(self, protocol: object, name: Oid) -> object:
        value = self._values[name]
        return protocol.Integer(value) if isinstance(value, int) else protocol.OctetString(value)
