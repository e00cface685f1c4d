import sys
from _typeshed import structseq
from datetime import date, datetime
from ipaddress import (IPv4Address, IPv4Network, IPv6Address,
                       IPv6Network)
from os import PathLike
from typing import (Any, Callable, ClassVar, Dict, Final, Iterable, List,
                    Literal, Mapping, Optional, Protocol, Sequence,
                    SupportsIndex, SupportsInt, Tuple, Type, TypeVar, Union,
                    final)
# Older versions of mypy do not have it.
from typing_extensions import disjoint_base  # type: ignore[attr-defined]

import numpy
import numpy.typing

from . import _flowd

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
_Buffer = Union[bytes, bytearray, memoryview]
_Flow = TypeVar("_Flow", bound=Flow)
_Time = Union[datetime, date, numpy.datetime64, float, None]
_Period = Union[str, Tuple[_Time, _Time], List[_Time]]
_By = Literal["received", "active"]

class _Reads(Protocol):
    def read(self, size: int, /) -> Optional[bytes]: ...

class _Writes(Protocol):
    def write(self, data: bytes, /) -> Any: ...

_Name = Union[str, bytes, PathLike[str], PathLike[bytes]]
_Path = Union[_Name, _Reads, _Writes]
_Paths = Union[_Name, _Reads, Iterable[Union[_Name, _Reads]]]

class LogError(ValueError):
    filename: Any
    offset: int

@final
class Damage(structseq[Any], Tuple[int, int, str]):
    if sys.version_info >= (3, 10):
        __match_args__: Final = ("offset", "length", "reason")
    @property
    def offset(self) -> int: ...
    @property
    def length(self) -> int: ...
    @property
    def reason(self) -> str: ...

@disjoint_base
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
    @property
    def recv_time(self) -> Optional[datetime]: ...
    @property
    def export_time(self) -> Optional[datetime]: ...
    @property
    def start(self) -> Optional[datetime]: ...
    @property
    def end(self) -> Optional[datetime]: ...
    @property
    def recv_time_ns(self) -> Optional[int]: ...
    @property
    def export_time_ns(self) -> Optional[int]: ...
    @property
    def start_ns(self) -> Optional[int]: ...
    @property
    def end_ns(self) -> Optional[int]: ...
    def __new__(cls: Type[_Flow], blob: Optional[_Buffer] = None
                ) -> _Flow: ...
    def format(self, utc: int = 0, mask: Optional[int] = None) -> str: ...
    def format_csv(self) -> str: ...
    def format_json(self, utc: int = 0) -> str: ...
    def serialise(self, mask: Optional[int] = None) -> bytes: ...
    def has_field(self, mask: int, /) -> bool: ...
    __hash__: ClassVar[None]  # type: ignore[assignment]
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __setstate__(self, state: Tuple[Any, ...], /) -> None: ...

@final
class Filter:
    @property
    def store_mask(self) -> int: ...
    def __new__(cls, rules: str, name: str = "filter", files: bool = False
                ) -> Filter: ...
    def __call__(self, flow: Flow) -> bool: ...
    def __hash__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

_Filter = Union[str, Filter, Callable[[Flow], Any], None]

class FlowLog(_flowd.FlowLog):
    def read_arrays(self, fields: Union[str, Iterable[str]],
                    filter: _Filter = None, count: Optional[int] = None, *,
                    period: Optional[_Period] = None, by: _By = "received"
                    ) -> Dict[str, _Array]: ...
    def to_pandas(self, fields: Union[str, Iterable[str], None] = None,
                  filter: _Filter = None, count: Optional[int] = None, *,
                  period: Optional[_Period] = None, by: _By = "received",
                  addresses: Literal["text", "int"] = "text") -> Any: ...

def FlowLog_fromfile(file: _Path, mode: str = "rb", *, recover: bool = False,
                     on_damage: Optional[Callable[[Damage], Any]] = None,
                     legacy: bool = False, follow: bool = False
                     ) -> FlowLog: ...

def read_arrays(path: Union[_Paths, FlowLog],
                fields: Union[str, Iterable[str]], filter: _Filter = None, *,
                recover: bool = False,
                on_damage: Optional[Callable[[Damage], Any]] = None,
                legacy: bool = False, follow: bool = False,
                count: Optional[int] = None,
                period: Optional[_Period] = None, by: _By = "received"
                ) -> Dict[str, _Array]: ...

# The result is a pandas.DataFrame, whose types not everyone has.
def to_pandas(source: Union[_Paths, FlowLog, Mapping[str, _Array]],
              fields: Union[str, Iterable[str], None] = None,
              filter: _Filter = None, *, recover: bool = False,
              on_damage: Optional[Callable[[Damage], Any]] = None,
              legacy: bool = False, follow: bool = False,
              count: Optional[int] = None, period: Optional[_Period] = None,
              by: _By = "received",
              addresses: Literal["text", "int"] = "text") -> Any: ...

_Families = Union[Sequence[int], _Array]

def ip_addresses(array: _Array, families: Optional[_Families] = None
                 ) -> List[Optional[_Address]]: ...
def in_network(array: _Array,
               network: Union[str, int, bytes, IPv4Network, IPv6Network,
                              _Address],
               families: Optional[_Families] = None
               ) -> numpy.typing.NDArray[numpy.bool_]: ...
def packed(address: Union[str, int, bytes, _Address]) -> bytes: ...

_Number = Union[SupportsInt, SupportsIndex]

def iso_time(t: _Number, utc_flag: int = 0) -> str: ...
def interval_time(t: _Number, /) -> str: ...
def interval_time_ms(t: _Number, /) -> str: ...
def period(text: str, utc: int = 0
           ) -> Tuple[Optional[datetime], Optional[datetime]]: ...
def csv_header() -> str: ...
