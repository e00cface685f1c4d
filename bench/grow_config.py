"""How the time to check flowd.conf grows."""

import growth

LINES = (1000, 10000, 30000)
LOGS = (100, 1000, 4000)


def address(number):
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def check(statement):
    """Returns a measure: flowd -n with this statement once per number."""
    def measure(size, directory):
        path = directory / "flowd.conf"
        with path.open("w") as conf:
            conf.write('listen on 127.0.0.1:29101\n'
                       f'logsock "{directory}/sock"\n')
            for number in range(size):
                conf.write(statement.format(
                    n=number, a=address(number), d=directory) + "\n")
        return growth.run(growth.program("flowd"), "-n", "-f", path)
    return measure


ROWS = [
    growth.Row("parse macros", LINES, check("m{n} = {a}")),
    growth.Row("parse tables", LINES, check("table <t{n}> {{ {a} }}")),
    growth.Row("parse flow sources", LINES, check("flow source {a}")),
    growth.Row("parse logfiles", LOGS, check(
        'logfile "{d}/%Y%m%d%H%M-{n}" tag {n} rotate every 5m')),
]
