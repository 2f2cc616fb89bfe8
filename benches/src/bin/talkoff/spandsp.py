#!/usr/bin/env python3
"""The in-band key detector of spandsp (Debian: libspandsp2) for `talkoff --beside`.

Reads 16-bit samples at 8 kHz from standard input and prints the keys that are heard. spandsp is
LGPL; it is loaded here as a tool to compare with, and is no part of Confab.
"""
import ctypes
import sys

FRAME = 160


def main():
    spandsp = ctypes.CDLL("libspandsp.so.2")
    spandsp.dtmf_rx_init.restype = ctypes.c_void_p
    spandsp.dtmf_rx_init.argtypes = [ctypes.c_void_p] * 3
    spandsp.dtmf_rx.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int]
    spandsp.dtmf_rx_get.restype = ctypes.c_size_t
    spandsp.dtmf_rx_get.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
    detector = spandsp.dtmf_rx_init(None, None, None)
    keys = ctypes.create_string_buffer(129)
    while frame := sys.stdin.buffer.read(2 * FRAME):
        spandsp.dtmf_rx(detector, frame, len(frame) // 2)
        count = spandsp.dtmf_rx_get(detector, keys, 128)
        sys.stdout.write(keys.raw[:count].decode())
    sys.stdout.write("\n")


main()
