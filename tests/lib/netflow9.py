"""Writes NetFlow v9 and IPFIX messages, as defined by RFC 3954 and RFC 7011.

Both protocols are written from one description, which shares no code with the
programs under test:

    layout = Template(256, ("sourceIPv4Address", 4), ("octetDeltaCount", 8))
    flow = {"sourceIPv4Address": "192.0.2.1", "octetDeltaCount": 10}
    datagram = message(IPFIX, templates(IPFIX, layout), data(layout, flow))

Fields have the names of the IANA registry.  Those of an enterprise, or without
a name here, are Field(number, length, enterprise).  The values of a record are
a dict by name or a sequence by position: numbers, addresses as text, or bytes
that are sent unchanged."""

import collections
import ipaddress
import struct

V9 = 9
IPFIX = 10
VERSIONS = (V9, IPFIX)
VARIABLE = 65535		# the length is in each record
REVERSE = 29305			# enterprise number of RFC 5103
ENTERPRISE_BIT = 0x8000
HEADER_LENGTHS = {V9: 20, IPFIX: 16}
DATAGRAM_MAX = 65507		# octets, over IPv4

# Default values of headers; times as in netflow.py.
UPTIME_MS = 100000000
EXPORT_SEC = 1700000000

TEMPLATE_SETS = {V9: 0, IPFIX: 2}
OPTIONS_SETS = {V9: 1, IPFIX: 3}

ELEMENTS = {
    "octetDeltaCount": 1, "packetDeltaCount": 2, "protocolIdentifier": 4,
    "ipClassOfService": 5, "tcpControlBits": 6, "sourceTransportPort": 7,
    "sourceIPv4Address": 8, "sourceIPv4PrefixLength": 9,
    "ingressInterface": 10, "destinationTransportPort": 11,
    "destinationIPv4Address": 12, "destinationIPv4PrefixLength": 13,
    "egressInterface": 14, "ipNextHopIPv4Address": 15,
    "bgpSourceAsNumber": 16, "bgpDestinationAsNumber": 17,
    "bgpNextHopIPv4Address": 18, "flowEndSysUpTime": 21,
    "flowStartSysUpTime": 22, "postOctetDeltaCount": 23,
    "postPacketDeltaCount": 24, "sourceIPv6Address": 27,
    "destinationIPv6Address": 28, "sourceIPv6PrefixLength": 29,
    "destinationIPv6PrefixLength": 30, "icmpTypeCodeIPv4": 32,
    "samplingInterval": 34, "samplingAlgorithm": 35, "engineType": 38,
    "engineId": 39, "exportedOctetTotalCount": 40,
    "exportedMessageTotalCount": 41, "exportedFlowRecordTotalCount": 42,
    "samplerId": 48, "samplerMode": 49, "samplerRandomInterval": 50,
    "sourceMacAddress": 56, "ipVersion": 60, "ipNextHopIPv6Address": 62,
    "bgpNextHopIPv6Address": 63, "interfaceName": 82,
    "interfaceDescription": 83, "samplerName": 84, "octetTotalCount": 85,
    "packetTotalCount": 86, "applicationName": 96, "icmpTypeCodeIPv6": 139,
    "lineCardId": 141, "meteringProcessId": 143, "exportingProcessId": 144, "templateId": 145,
    "observationDomainId": 149, "flowStartSeconds": 150,
    "flowEndSeconds": 151, "flowStartMilliseconds": 152,
    "flowEndMilliseconds": 153, "flowStartMicroseconds": 154,
    "flowEndMicroseconds": 155, "flowStartNanoseconds": 156,
    "flowEndNanoseconds": 157, "flowStartDeltaMicroseconds": 158,
    "flowEndDeltaMicroseconds": 159, "systemInitTimeMilliseconds": 160,
    "flowDurationMilliseconds": 161, "flowDurationMicroseconds": 162,
    "ignoredPacketTotalCount": 164, "ignoredOctetTotalCount": 165,
    "notSentFlowTotalCount": 166, "notSentPacketTotalCount": 167,
    "icmpTypeIPv4": 176, "icmpCodeIPv4": 177, "icmpTypeIPv6": 178,
    "icmpCodeIPv6": 179, "paddingOctets": 210, "initiatorOctets": 231,
    "responderOctets": 232, "ingressPhysicalInterface": 252,
    "egressPhysicalInterface": 253, "initiatorPackets": 298,
    "responderPackets": 299, "selectionSequenceId": 301, "selectorId": 302, "selectorAlgorithm": 304,
    "samplingPacketInterval": 305, "samplingPacketSpace": 306,
    "samplingSize": 309, "samplingPopulation": 310,
    "dataLinkFrameSection": 315,
}

# RFC 3954 section 6.1 numbers the kinds of scopes itself.  These are the
# corresponding elements.
SCOPES_V9 = {"exportingProcessId": 1, "observationDomainId": 1,
             "ingressInterface": 2, "lineCardId": 3, "templateId": 5}

# The key of flowlog under which an element is stored.
STORED = {
    "octetDeltaCount": "octets", "packetDeltaCount": "packets",
    "protocolIdentifier": "protocol", "ipClassOfService": "tos",
    "tcpControlBits": "tcp_flags", "sourceTransportPort": "src_port",
    "destinationTransportPort": "dst_port", "sourceIPv4Address": "src",
    "destinationIPv4Address": "dst", "sourceIPv6Address": "src",
    "destinationIPv6Address": "dst", "sourceIPv4PrefixLength": "src_mask",
    "destinationIPv4PrefixLength": "dst_mask",
    "sourceIPv6PrefixLength": "src_mask",
    "destinationIPv6PrefixLength": "dst_mask",
    "ingressInterface": "if_index_in", "egressInterface": "if_index_out",
    "ipNextHopIPv4Address": "gateway", "ipNextHopIPv6Address": "gateway",
    "bgpSourceAsNumber": "src_as", "bgpDestinationAsNumber": "dst_as",
    "engineType": "engine_type", "engineId": "engine_id",
    "flowStartSysUpTime": "flow_start", "flowEndSysUpTime": "flow_finish",
}
# A record has all members of a group, or none.
_GROUPS = (("protocol", "tos", "tcp_flags"), ("src_port", "dst_port"),
           ("if_index_in", "if_index_out"),
           ("src_as", "dst_as", "src_mask", "dst_mask"))

Field = collections.namedtuple("Field", "element length enterprise",
                               defaults=(0,))


class Template:
    """An id and its fields.

    The first scopes fields of an options template are scope fields; scopes may
    be 0."""

    def __init__(self, number, *fields, scopes=None):
        self.id = number
        self.fields = [Field(*field) for field in fields]
        self.scopes = scopes

    def specifiers(self, version):
        """Returns the field specifiers, as they are sent."""
        return b"".join(
            _specifier(version, field, scope=i < (self.scopes or 0))
            for i, field in enumerate(self.fields))

    def definition(self, version):
        """Returns the template record, or the options template record."""
        specifiers = self.specifiers(version)
        if self.scopes is None:
            head = struct.pack("!HH", self.id, len(self.fields))
        elif version == V9:
            # Octets of specifiers: RFC 3954 section 6.1.
            head = struct.pack("!HHH", self.id, 4 * self.scopes,
                               4 * (len(self.fields) - self.scopes))
        else:
            # Numbers of fields: RFC 7011 section 3.4.2.2.
            head = struct.pack("!HHH", self.id, len(self.fields),
                               self.scopes)
        return head + specifiers

    def record(self, values):
        """Returns one data record."""
        if isinstance(values, dict):
            values = [values[field.element] for field in self.fields]
        if len(values) != len(self.fields):
            raise ValueError("the number of values is not that of fields")
        return b"".join(_value(field.length, value)
                        for field, value in zip(self.fields, values))


def _specifier(version, field, scope):
    number = field.element
    if scope and version == V9 and isinstance(number, str):
        number = SCOPES_V9[number]
    elif isinstance(number, str):
        number = ELEMENTS[number]
    if not field.enterprise:
        return struct.pack("!HH", number, field.length)
    if version == V9:
        raise ValueError("v9 has no enterprise elements")
    return struct.pack("!HHI", number | ENTERPRISE_BIT, field.length,
                       field.enterprise)


def _value(length, value):
    if length == VARIABLE:
        return value if isinstance(value, _Sized) else sized(value)
    data = _bytes(value, length)
    if len(data) != length:
        raise ValueError(f"{value!r} does not have {length} octets")
    return data


def _bytes(value, length):
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        value = ipaddress.ip_address(value)
        if len(value.packed) == length:
            return value.packed
    return int(value).to_bytes(length, "big")


class _Sized(bytes):
    """A value preceded by its length (RFC 7011 section 7)."""


def sized(value):
    """Returns a variable-length value, with its length in the shorter form."""
    if len(value) >= 255:
        return long(value)
    return _Sized(bytes([len(value)]) + value)


def long(value):
    """Returns one with its length in three octets, which is always
    possible."""
    return _Sized(struct.pack("!BH", 255, len(value)) + value)


def raw_set(number, body, length=None):
    """Returns any set; length overrides the length in its header."""
    if length is None:
        length = 4 + len(body)
    return struct.pack("!HH", number, length) + body


def templates(version, *layouts, padding=b""):
    """Returns a template set, or an options template set for options
    templates."""
    sets = TEMPLATE_SETS if layouts[0].scopes is None else OPTIONS_SETS
    return raw_set(sets[version], b"".join(
        layout.definition(version) for layout in layouts) + padding)


def data(layout, *records, padding=b""):
    """Returns a data set."""
    return raw_set(layout.id, b"".join(
        layout.record(values) for values in records) + padding)


def withdrawals(*numbers):
    """Returns an IPFIX template set that withdraws these (RFC 7011 section
    8.1)."""
    return raw_set(TEMPLATE_SETS[IPFIX], b"".join(
        struct.pack("!HH", number, 0) for number in numbers))


def options_withdrawals(*numbers):
    """Returns the same for options templates."""
    return raw_set(OPTIONS_SETS[IPFIX], b"".join(
        struct.pack("!HH", number, 0) for number in numbers))


def message(version, *sets, domain=0, sequence=0, uptime_ms=UPTIME_MS,
            sec=EXPORT_SEC, count=None, length=None):
    """Returns a datagram. count (v9) and length (IPFIX) override its
    header."""
    body = b"".join(sets)
    if version == V9:
        return struct.pack("!HHIIII", version,
                           len(sets) if count is None else count,
                           uptime_ms, sec, sequence, domain) + body
    if length is None:
        length = HEADER_LENGTHS[IPFIX] + len(body)
    return struct.pack("!HHIII", version, length, sec, sequence,
                       domain) + body


def stored(version, values, agent="127.0.0.1", domain=0, sequence=0,
           uptime_ms=UPTIME_MS, sec=EXPORT_SEC):
    """Returns the log's record of a flow with store ALL, without recv_* and
    crc.

    values are a dict of elements in STORED. A flow without times gets the time
    of export.  The uptime of IPFIX is flowd's choice."""
    if version == IPFIX:
        uptime_ms = 1 << 31
    flow = {"agent": agent, "netflow_version": version,
            "sys_uptime_ms": uptime_ms, "time_sec": sec, "time_nanosec": 0,
            "flow_start": uptime_ms, "flow_finish": uptime_ms,
            "flow_sequence": sequence, "source_id": domain,
            "engine_type": 0, "engine_id": 0}
    flow.update((STORED[name], value) for name, value in values.items())
    for group in _GROUPS:
        if any(key in flow for key in group):
            flow.update((key, flow.get(key, 0)) for key in group)
    return flow
