from ipaddress import IPv4Address, IPv6Address
from os import PathLike
from types import TracebackType
from typing import (Any, BinaryIO, Callable, Dict, Iterable, List,
                    NamedTuple, Optional, Sequence, Tuple, Type, TypeVar,
                    Union)

import numpy
import numpy.typing

__version__: str

FIELD_ALL: int
FIELD_TAG: int
FIELD_RECV_TIME: int
FIELD_PROTO_FLAGS_TOS: int
FIELD_AGENT_ADDR: int
FIELD_AGENT_ADDR4: int
FIELD_AGENT_ADDR6: int
FIELD_SRC_ADDR: int
FIELD_SRC_ADDR4: int
FIELD_SRC_ADDR6: int
FIELD_DST_ADDR: int
FIELD_DST_ADDR4: int
FIELD_DST_ADDR6: int
FIELD_SRCDST_ADDR: int
FIELD_GATEWAY_ADDR: int
FIELD_GATEWAY_ADDR4: int
FIELD_GATEWAY_ADDR6: int
FIELD_SRCDST_PORT: int
FIELD_PACKETS: int
FIELD_OCTETS: int
FIELD_IF_INDICES: int
FIELD_AGENT_INFO: int
FIELD_FLOW_TIMES: int
FIELD_AS_INFO: int
FIELD_FLOW_ENGINE_INFO: int
FIELD_CRC32: int
FIELD_RESERVED: int
DISPLAY_ALL: int
DISPLAY_BRIEF: int
STORE_VER_MAJOR: int
STORE_VER_MINOR: int
STORE_VERSION: int
ARRAY_FIELDS: Tuple[str, ...]

_Address = Union[IPv4Address, IPv6Address]
_Settable = Union[str, bytes, IPv4Address, IPv6Address, None]
_Array = numpy.typing.NDArray[Any]
_Path = Union[str, bytes, PathLike[str], PathLike[bytes], BinaryIO]
_Log = TypeVar("_Log", bound="FlowLog")

class LogError(ValueError):
    filename: Any
    offset: int

class Damage(NamedTuple):
    offset: int
    length: int
    reason: str

class Flow:
    data: Any
    flow_ver: int
    fields: int
    tag: int
    recv_sec: int
    recv_usec: int
    tcp_flags: int
    protocol: int
    tos: int
    @property
    def agent_addr(self) -> Optional[str]: ...
    @agent_addr.setter
    def agent_addr(self, value: _Settable) -> None: ...
    agent_addr_af: int
    @property
    def src_addr(self) -> Optional[str]: ...
    @src_addr.setter
    def src_addr(self, value: _Settable) -> None: ...
    src_addr_af: int
    @property
    def dst_addr(self) -> Optional[str]: ...
    @dst_addr.setter
    def dst_addr(self, value: _Settable) -> None: ...
    dst_addr_af: int
    @property
    def gateway_addr(self) -> Optional[str]: ...
    @gateway_addr.setter
    def gateway_addr(self, value: _Settable) -> None: ...
    gateway_addr_af: int
    src_port: int
    dst_port: int
    packets: int
    octets: int
    if_ndx_in: int
    if_ndx_out: int
    sys_uptime_ms: int
    agent_sec: int
    agent_nsec: int
    agent_usec: int
    netflow_ver: int
    flow_start: int
    flow_finish: int
    src_as: int
    dst_as: int
    src_mask: int
    dst_mask: int
    engine_type: int
    engine_id: int
    flow_sequence: int
    source_id: int
    crc32: int
    def __init__(self, blob: Optional[bytes] = None) -> None: ...
    def format(self, utc: int = 0, mask: int = ...) -> str: ...
    def format_csv(self) -> str: ...
    def format_json(self, utc: int = 0) -> str: ...
    def serialise(self, mask: int = ...) -> bytes: ...
    def has_field(self, mask: int) -> bool: ...

class Filter:
    @property
    def store_mask(self) -> int: ...
    def __init__(self, rules: str, name: str = "filter") -> None: ...
    def __call__(self, flow: Flow) -> bool: ...

_Filter = Union[str, Filter, Callable[[Flow], Any], None]

class FlowLog:
    def __init__(self, path: _Path, mode: str = "rb", *, recover: bool = False,
                 on_damage: Optional[Callable[[Damage], Any]] = None,
                 legacy: bool = False, follow: bool = False) -> None: ...
    @property
    def name(self) -> Any: ...
    @property
    def closed(self) -> bool: ...
    @property
    def torn(self) -> bool: ...
    @property
    def offset(self) -> int: ...
    @property
    def started(self) -> Optional[int]: ...
    @property
    def damage(self) -> List[Damage]: ...
    def read_flow(self) -> Optional[Flow]: ...
    def write_flow(self, flow: Flow, fieldmask: int = ...) -> None: ...
    def read_arrays(self, fields: Union[str, Iterable[str]],
                    filter: _Filter = None,
                    count: Optional[int] = None) -> Dict[str, _Array]: ...
    def flush(self) -> None: ...
    def close(self) -> None: ...
    def __iter__(self: _Log) -> _Log: ...
    def __next__(self) -> Flow: ...
    def __enter__(self: _Log) -> _Log: ...
    def __exit__(self, type: Optional[Type[BaseException]],
                 value: Optional[BaseException],
                 traceback: Optional[TracebackType]) -> None: ...

def FlowLog_fromfile(file: BinaryIO, mode: str = "rb", *,
                     recover: bool = False,
                     on_damage: Optional[Callable[[Damage], Any]] = None,
                     legacy: bool = False) -> FlowLog: ...

def read_arrays(path: Union[_Path, FlowLog],
                fields: Union[str, Iterable[str]], filter: _Filter = None, *,
                recover: bool = False,
                on_damage: Optional[Callable[[Damage], Any]] = None,
                legacy: bool = False,
                count: Optional[int] = None) -> Dict[str, _Array]: ...

def ip_addresses(array: _Array, families: Optional[Sequence[int]] = None
                 ) -> List[Optional[_Address]]: ...
def in_network(array: _Array, network: Any) -> _Array: ...
def packed(address: Any) -> bytes: ...
def iso_time(t: float, utc_flag: int = 0) -> str: ...
def interval_time(t: float) -> str: ...
def interval_time_ms(t: float) -> str: ...
def csv_header() -> str: ...
