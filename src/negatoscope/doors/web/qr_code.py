"""QR codes (ISO/IEC 18004): bytes, error correction level M, versions 1 to 10. Enough for an address that a telephone reads."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Final

ERROR_WORDS: Final = (10, 16, 26, 18, 24, 16, 18, 22, 22, 26)
BLOCKS: Final = (1, 1, 1, 2, 2, 4, 4, 4, 5, 5)
ALL_WORDS: Final = (26, 44, 70, 100, 134, 172, 196, 242, 292, 346)
ALIGNMENT: Final = ((), (18,), (22,), (26,), (30,), (34,), (22, 38), (24, 42), (26, 46), (28, 50))
MOST_BYTES: Final = 213
LEVEL_M: Final = 0b00
FORMAT_MASK: Final = 0x5412

Matrix = list[list[bool]]


def qr_matrix(data: bytes) -> Matrix:
    """Return the modules of the smallest code that holds the bytes, True for dark; ValueError when ten versions are too few."""
    version = _version_for(len(data))
    words = _interleaved(version, _data_words(version, data))
    drawn = [_drawn(version, words, mask) for mask in range(8)]
    return min(drawn, key=_penalty)


def qr_path(data: bytes) -> tuple[str, int]:
    """Return the dark modules as the path of an SVG, and the width of its view box with the quiet zone of four."""
    matrix = qr_matrix(data)
    squares = "".join(
        f"M{column + 4} {row + 4}h1v1h-1z" for row, line in enumerate(matrix) for column, dark in enumerate(line) if dark
    )
    return squares, len(matrix) + 8


def _version_for(length: int) -> int:
    for version in range(1, 11):
        if 4 + _length_bits(version) + 8 * length <= 8 * _capacity(version):
            return version
    raise ValueError("too long for a QR code of version 10")


def _length_bits(version: int) -> int:
    return 8 if version < 10 else 16


def _capacity(version: int) -> int:
    return ALL_WORDS[version - 1] - ERROR_WORDS[version - 1] * BLOCKS[version - 1]


def _data_words(version: int, data: bytes) -> bytes:
    """Return mode, length, bytes, terminator and padding (clause 7.4)."""
    bits = f"0100{len(data):0{_length_bits(version)}b}" + "".join(f"{byte:08b}" for byte in data)
    room = 8 * _capacity(version)
    bits += "0" * min(4, room - len(bits))
    bits += "0" * (-len(bits) % 8)
    words = bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))
    padding = bytes(0xEC if number % 2 == 0 else 0x11 for number in range(_capacity(version) - len(words)))
    return words + padding


def _interleaved(version: int, data: bytes) -> bytes:
    """Split into blocks, add error correction, and take the words of all blocks in turn (clauses 7.5 and 7.6)."""
    count, error_words = BLOCKS[version - 1], ERROR_WORDS[version - 1]
    short = len(data) // count
    longer = len(data) % count
    blocks: list[bytes] = []
    at = 0
    for number in range(count):
        size = short + (1 if number >= count - longer else 0)
        blocks.append(data[at : at + size])
        at += size
    corrections = [_error_correction(block, error_words) for block in blocks]
    taken = [block[at] for at in range(short + 1) for block in blocks if at < len(block)]
    taken += [correction[at] for at in range(error_words) for correction in corrections]
    return bytes(taken)


def _error_correction(block: bytes, count: int) -> bytes:
    """Return the remainder of the block by the Reed-Solomon generator of this degree over GF(256), polynomial 0x11D."""
    divisor = [0] * (count - 1) + [1]
    root = 1
    for _ in range(count):
        for at in range(count):
            divisor[at] = _multiply(divisor[at], root) ^ (divisor[at + 1] if at + 1 < count else 0)
        root = _multiply(root, 2)
    rest = [0] * count
    for word in block:
        factor = word ^ rest.pop(0)
        rest.append(0)
        rest = [one ^ _multiply(part, factor) for one, part in zip(rest, divisor, strict=True)]
    return bytes(rest)


def _multiply(first: int, second: int) -> int:
    product_ = 0
    for bit in range(7, -1, -1):
        product_ = (product_ << 1) ^ ((product_ >> 7) * 0x11D)
        product_ ^= ((second >> bit) & 1) * first
    return product_


def _drawn(version: int, words: bytes, mask: int) -> Matrix:
    size = 17 + 4 * version
    modules: list[list[bool | None]] = [[None] * size for _ in range(size)]
    _draw_patterns(modules, version)
    _draw_format(modules, mask)
    _draw_version(modules, version)
    bits = (bool(word >> bit & 1) for word in words for bit in range(7, -1, -1))
    for row, column in _zigzag(size):
        if modules[row][column] is None:
            modules[row][column] = next(bits, False) ^ _is_masked(mask, row, column)
    return [[bool(module) for module in line] for line in modules]


def _draw_patterns(modules: list[list[bool | None]], version: int) -> None:
    """Draw finders with their separators, timing and alignment (clause 6.3)."""
    size = len(modules)
    for at in range(size):
        modules[6][at] = modules[at][6] = at % 2 == 0
    for top, left in ((3, 3), (3, size - 4), (size - 4, 3)):
        for row, column in product(range(-4, 5), repeat=2):
            if 0 <= top + row < size and 0 <= left + column < size:
                modules[top + row][left + column] = max(abs(row), abs(column)) not in {2, 4}
    places = (6, *ALIGNMENT[version - 1]) if version > 1 else ()
    corners = {(6, 6), (6, size - 7), (size - 7, 6)}
    for top, left in product(places, repeat=2):
        if (top, left) not in corners:
            for row, column in product(range(-2, 3), repeat=2):
                modules[top + row][left + column] = max(abs(row), abs(column)) != 1


def _draw_format(modules: list[list[bool | None]], mask: int) -> None:
    """Draw level and mask twice, with their own error correction (clause 7.9)."""
    size = len(modules)
    data = LEVEL_M << 3 | mask
    rest = data
    for _ in range(10):
        rest = rest << 1 ^ (rest >> 9) * 0x537
    bits = (data << 10 | rest) ^ FORMAT_MASK
    around = [(at, 8) for at in range(6)] + [(7, 8), (8, 8), (8, 7)] + [(8, 14 - at) for at in range(9, 15)]
    split = [(8, size - 1 - at) for at in range(8)] + [(size - 15 + at, 8) for at in range(8, 15)]
    for number in range(15):
        for row, column in (around[number], split[number]):
            modules[row][column] = bool(bits >> number & 1)
    modules[size - 8][8] = True


def _draw_version(modules: list[list[bool | None]], version: int) -> None:
    """Draw the version twice from 7 on (clause 7.10)."""
    if version < 7:
        return
    size = len(modules)
    rest = version
    for _ in range(12):
        rest = rest << 1 ^ (rest >> 11) * 0x1F25
    bits = version << 12 | rest
    for number in range(18):
        long, short = size - 11 + number % 3, number // 3
        modules[long][short] = modules[short][long] = bool(bits >> number & 1)


def _zigzag(size: int) -> Iterator[tuple[int, int]]:
    """Yield places in the order in which words are laid: two columns at a time from the right, up and down in turn."""
    upward = True
    for right in (*range(size - 1, 6, -2), *range(5, 0, -2)):
        for step in range(size):
            row = size - 1 - step if upward else step
            yield row, right
            yield row, right - 1
        upward = not upward


def _is_masked(mask: int, row: int, column: int) -> bool:
    both = row * column
    return (
        (row + column) % 2 == 0,
        row % 2 == 0,
        column % 3 == 0,
        (row + column) % 3 == 0,
        (row // 2 + column // 3) % 2 == 0,
        both % 2 + both % 3 == 0,
        (both % 2 + both % 3) % 2 == 0,
        ((row + column) % 2 + both % 3) % 2 == 0,
    )[mask]


def _penalty(matrix: Matrix) -> int:
    """Count what makes a code hard to read (clause 7.8.3): runs, blocks, false finders, uneven darkness."""
    size = len(matrix)
    lines = ["".join("1" if module else "0" for module in line) for line in matrix]
    lines += ["".join(column) for column in zip(*lines, strict=True)]
    total = sum(_run_penalty(line) + 40 * _false_finders(line) for line in lines)
    for row, column in product(range(size - 1), repeat=2):
        square = {matrix[row][column], matrix[row][column + 1], matrix[row + 1][column], matrix[row + 1][column + 1]}
        total += 3 if len(square) == 1 else 0
    dark = sum(map(sum, matrix))
    return total + 10 * (abs(dark * 20 - size * size * 10) // (size * size))


def _run_penalty(line: str) -> int:
    runs = line.replace("01", "0 1").replace("10", "1 0").split()
    return sum(len(run) - 2 for run in runs if len(run) >= 5)


def _false_finders(line: str) -> int:
    return sum(line.startswith(("10111010000", "00001011101"), at) for at in range(len(line) - 10))
