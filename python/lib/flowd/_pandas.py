"""Flows as a pandas.DataFrame.  pandas is imported only where it is used."""

from . import _arrays, _flowd



def _text(address):
    """Returns the text that the attributes of Flow have for the address."""
    flow = _flowd.Flow()
    flow.src_addr = address
    return flow.src_addr


_FORMS = {"text": _text, "int": int}


def _is_address(name):
    return _flowd.columns[name][1] == 16


def _is_number(name):
    """Returns whether the column has numbers, of which some may be absent."""
    dtype, width, field = _flowd.columns[name]
    return width == 1 and dtype[0] == "u" and field != 0


def default_fields():
    """Returns the fields that describe the flow, each by one name."""
    return tuple(name for name in _flowd.columns if name not in
                 ("flow_ver", "fields", "agent_usec", "crc32")
                 and not name.endswith("_af"))


def needed(names):
    """Returns names and the fields that tell what of them is absent."""
    families = [name + "_af" for name in names
                if name in _flowd.columns and _is_address(name)]
    return (*names, *families, "fields")


def _numbers(name, arrays):
    import pandas  # type: ignore

    if "fields" not in arrays:
        raise ValueError('the array of "fields" is needed: it shows which '
                         "numbers are absent")
    absent = arrays["fields"] & _flowd.columns[name][2] == 0
    return pandas.arrays.IntegerArray(arrays[name], absent)


def _addresses(name, arrays, form):
    import numpy

    values = _arrays.convert_addresses(arrays[name], arrays.get(name + "_af"),
                                       form)
    column = numpy.empty(len(values), object)
    column[:] = values
    return column


def _column(name, arrays, form):
    import pandas  # type: ignore

    if name not in _flowd.columns:
        raise ValueError(f"flows have no field {name!r}")
    if _is_address(name):
        return _addresses(name, arrays, form)
    if _flowd.columns[name][0][0] == "M":
        return pandas.DatetimeIndex(arrays[name]).tz_localize("UTC")
    return _numbers(name, arrays) if _is_number(name) else arrays[name]


def frame(arrays, names, addresses):
    """Makes a DataFrame with the columns names of arrays."""
    import pandas  # type: ignore

    if addresses not in _FORMS:
        raise ValueError('addresses is "text" or "int", not '
                         f"{addresses!r}")
    form = _FORMS[addresses]
    return pandas.DataFrame(
        {name: _column(name, arrays, form) for name in names})
