"""Seccomp: the filter of system calls for a sandbox, as the program that the kernel runs.

A command in a sandbox needs none of the calls that are refused; most holes of the kernel by which
sandboxes were left lie behind them. The forms are those of `linux/filter.h` and `linux/seccomp.h`,
the numbers those of `asm/unistd_64.h` (x86_64) and `asm-generic/unistd.h` (aarch64, riscv64).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000
_EPERM, _ENOSYS, _EAFNOSUPPORT = 1, 38, 97
_X32 = 0x40000000

# CLONE_NEW{CGROUP,UTS,IPC,USER,PID,NET,NS}: a new namespace gives rights that lead out.
_NAMESPACES = 0x7E020000
_TERMINAL_INPUT = (0x5412, 0x541C)  # TIOCSTI and TIOCLINUX type into the user's terminal
_FAMILIES = (1, 2, 10, 16)  # AF_UNIX, AF_INET, AF_INET6, AF_NETLINK

# The order of the two numbers: x86_64, and all others.
_REFUSED: Mapping[str, tuple[int | None, int | None]] = MappingProxyType(
    {
        "acct": (163, 89),
        "add_key": (248, 217),
        "bpf": (321, 280),
        "chroot": (161, 51),
        "delete_module": (176, 106),
        "finit_module": (313, 273),
        "fsconfig": (431, 431),
        "fsmount": (432, 432),
        "fsopen": (430, 430),
        "fspick": (433, 433),
        "init_module": (175, 105),
        "io_uring_enter": (426, 426),
        "io_uring_register": (427, 427),
        "io_uring_setup": (425, 425),
        "ioperm": (173, None),
        "iopl": (172, None),
        "kcmp": (312, 272),
        "kexec_file_load": (320, 294),
        "kexec_load": (246, 104),
        "keyctl": (250, 219),
        "lookup_dcookie": (212, 18),
        "modify_ldt": (154, None),
        "mount": (165, 40),
        "mount_setattr": (442, 442),
        "move_mount": (429, 429),
        "name_to_handle_at": (303, 264),
        "open_by_handle_at": (304, 265),
        "open_tree": (428, 428),
        "perf_event_open": (298, 241),
        "pivot_root": (155, 41),
        "process_vm_readv": (310, 270),
        "process_vm_writev": (311, 271),
        "ptrace": (101, 117),
        "quotactl": (179, 60),
        "quotactl_fd": (443, 443),
        "reboot": (169, 142),
        "request_key": (249, 218),
        "setns": (308, 268),
        "swapoff": (168, 225),
        "swapon": (167, 224),
        "syslog": (103, 116),
        "umount2": (166, 39),
        "unshare": (272, 97),
        "userfaultfd": (323, 282),
        "vhangup": (153, 58),
    }
)


class _Machine(NamedTuple):
    """A kind of processor: the kernel's name of it, and the calls whose arguments are looked at."""

    architecture: int
    column: int
    clone: int
    clone3: int
    socket: int
    ioctl: int


_X86 = _Machine(0xC000003E, 0, clone=56, clone3=435, socket=41, ioctl=16)
_MACHINES: Mapping[str, _Machine] = MappingProxyType(
    {
        "x86_64": _X86,
        "aarch64": _Machine(0xC00000B7, 1, clone=220, clone3=435, socket=198, ioctl=29),
        "riscv64": _Machine(0xC00000F3, 1, clone=220, clone3=435, socket=198, ioctl=29),
    }
)
MACHINES = frozenset(_MACHINES)


class _Step(NamedTuple):
    code: int
    value: int
    if_true: int = 0
    if_false: int = 0


@cache
def program(machine: str) -> bytes:
    """The filter for a machine of `MACHINES`, as an array of `struct sock_filter`."""
    kind = _MACHINES[machine]
    steps = [
        _Step(_LOAD, _ARCHITECTURE),
        _Step(_EQUAL, kind.architecture, 1, 0),
        _refusal(_EPERM),  # the calls of a 32-bit program have other numbers
        _Step(_LOAD, _NUMBER),
    ]
    if kind is _X86:
        steps += [_Step(_AT_LEAST, _X32, 0, 1), _refusal(_ENOSYS)]
    numbers = [pair[kind.column] for pair in _REFUSED.values()]
    for number in sorted(number for number in numbers if number is not None):
        steps += [_Step(_EQUAL, number, 0, 1), _refusal(_EPERM)]
    # Its flags are in memory, where no filter can read them; C libraries then call `clone`.
    steps += [_Step(_EQUAL, kind.clone3, 0, 1), _refusal(_ENOSYS)]
    steps += _looked_at(kind.clone, 0, [_Step(_ANY_BIT, _NAMESPACES, 0, 1), _refusal(_EPERM)])
    steps += _looked_at(kind.ioctl, 1, _any_of(_TERMINAL_INPUT))
    steps += _looked_at(kind.socket, 0, _none_of(_FAMILIES))
    steps.append(_Step(_RETURN, _ALLOW))
    return b"".join(
        struct.pack("=HBBI", code, if_true, if_false, value)
        for code, value, if_true, if_false in steps
    )


def _refusal(error: int) -> _Step:
    return _Step(_RETURN, _REFUSE | error)


def _looked_at(number: int, argument: int, checks: list[_Step]) -> list[_Step]:
    """Checks of the lower half of an argument of one call, after which the call is allowed."""
    inside = [_Step(_LOAD, _ARGUMENTS + 8 * argument), *checks, _Step(_RETURN, _ALLOW)]
    return [_Step(_EQUAL, number, 0, len(inside)), *inside]


def _any_of(values: tuple[int, ...]) -> list[_Step]:
    return [step for value in values for step in (_Step(_EQUAL, value, 0, 1), _refusal(_EPERM))]


def _none_of(values: tuple[int, ...]) -> list[_Step]:
    """Refuse the address family of a socket unless it is one of these."""
    last = len(values)
    known = [_Step(_EQUAL, value, last - at, 0) for at, value in enumerate(values)]
    return [*known, _refusal(_EAFNOSUPPORT)]
