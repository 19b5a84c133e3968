"""The filter is run as the kernel runs it: on the numbers of each processor."""

from __future__ import annotations

import struct

import pytest

from parallel_agents.sandbox.seccomp import MACHINES, program

ALLOWED, EPERM, ENOSYS, EAFNOSUPPORT = 0x7FFF0000, 0x50001, 0x50026, 0x50061
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7, "riscv64": 0xC00000F3}
I386 = 0x40000003
# Numbers of `asm/unistd_64.h` and of `asm-generic/unistd.h`.
_NAMES = [
    "read",
    "clone",
    "clone3",
    "socket",
    "ioctl",
    "mount",
    "bpf",
    "ptrace",
    "unshare",
    "setns",
    "keyctl",
    "execve",
    "futex",
]
_X86 = (0, 56, 435, 41, 16, 165, 321, 101, 272, 308, 250, 59, 202)
_GENERIC = (63, 220, 435, 198, 29, 40, 280, 117, 97, 268, 219, 221, 98)
X86, GENERIC = (dict(zip(_NAMES, numbers, strict=True)) for numbers in (_X86, _GENERIC))
NUMBERS = {"x86_64": X86, "aarch64": GENERIC, "riscv64": GENERIC}
SIGCHLD, NEW_USER, NEW_NET, THREAD = 17, 0x10000000, 0x40000000, 0x3D0F00


def verdict(machine: str, call: int, *arguments: int, architecture: int | None = None) -> int:
    """What the filter returns for a call, by the semantics of `bpf(4)` for the steps that it has."""
    named = ARCHITECTURES[machine] if architecture is None else architecture
    values = [*arguments, *([0] * (6 - len(arguments)))]
    looked_at = struct.pack("=IIQ6Q", call, named, 0, *values)
    steps = list(struct.iter_unpack("=HBBI", program(machine)))
    accumulator, at = 0, 0
    for _ in range(len(steps)):
        code, if_true, if_false, value = steps[at]
        at += 1
        match code:
            case 0x20:
                (accumulator,) = struct.unpack_from("=I", looked_at, value)
            case 0x06:
                return value
            case 0x15:
                at += if_true if accumulator == value else if_false
            case 0x35:
                at += if_true if accumulator >= value else if_false
            case 0x45:
                at += if_true if accumulator & value else if_false
            case _:
                raise AssertionError(f"step {code:#x}")
    raise AssertionError("it does not end")


@pytest.fixture(params=sorted(MACHINES))
def machine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("name", ["read", "execve", "futex"])
def test_what_programs_need_is_allowed(machine: str, name: str) -> None:
    assert verdict(machine, NUMBERS[machine][name]) == ALLOWED


@pytest.mark.parametrize("name", ["mount", "bpf", "ptrace", "unshare", "setns", "keyctl"])
def test_what_no_command_needs_is_refused(machine: str, name: str) -> None:
    assert verdict(machine, NUMBERS[machine][name]) == EPERM


@pytest.mark.parametrize(
    ("flags", "expected"),
    [(SIGCHLD, ALLOWED), (THREAD, ALLOWED), (NEW_USER | SIGCHLD, EPERM), (NEW_NET, EPERM)],
)
def test_a_process_is_made_without_new_namespaces(machine: str, flags: int, expected: int) -> None:
    assert verdict(machine, NUMBERS[machine]["clone"], flags) == expected


def test_a_call_whose_flags_cannot_be_read_seems_not_to_exist(machine: str) -> None:
    assert verdict(machine, NUMBERS[machine]["clone3"]) == ENOSYS


@pytest.mark.parametrize(
    ("family", "expected"),
    [
        (1, ALLOWED),
        (2, ALLOWED),
        (10, ALLOWED),
        (16, ALLOWED),
        (17, EAFNOSUPPORT),
        (38, EAFNOSUPPORT),
        (40, EAFNOSUPPORT),
    ],
)
def test_sockets_are_of_the_usual_families(machine: str, family: int, expected: int) -> None:
    assert verdict(machine, NUMBERS[machine]["socket"], family) == expected


@pytest.mark.parametrize(
    ("request_code", "expected"), [(0x5401, ALLOWED), (0x5412, EPERM), (0x541C, EPERM)]
)
def test_nothing_types_into_a_terminal(machine: str, request_code: int, expected: int) -> None:
    assert verdict(machine, NUMBERS[machine]["ioctl"], 0, request_code) == expected


def test_the_upper_half_of_an_argument_hides_nothing(machine: str) -> None:
    assert verdict(machine, NUMBERS[machine]["ioctl"], 0, 0x5412 | 1 << 40) == EPERM


def test_the_calls_of_another_architecture_are_refused(machine: str) -> None:
    assert verdict(machine, NUMBERS[machine]["read"], architecture=I386) == EPERM


def test_the_calls_of_x32_are_refused() -> None:
    assert verdict("x86_64", 0x40000000 | 165) == ENOSYS


def test_the_kernel_takes_programs_of_this_size(machine: str) -> None:
    assert len(program(machine)) // 8 < 4096
