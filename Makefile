# SPDX-License-Identifier: MIT
#
# The commands a person types; the work is in CMakePresets.json and tools/.

.PHONY: help build test run bench check setup install clean

PREFIX ?= /usr/local

help:
	@echo "make build   the program: build/release/bin/quire"
	@echo "make run     a tour on a real tree (ROOT=DIR packs a root filesystem)"
	@echo "make test    every test"
	@echo "make check   format, room rules, headers, scripts, static analysis"
	@echo "make bench   measurements against other programs: bench/report"
	@echo "make install the program, its manual pages and completions to PREFIX (/usr/local), below DESTDIR"
	@echo "make setup   install every Debian package any of these needs"

build:
	@tools/setup build
	@tools/build release quire

test:
	@tools/setup build test
	@tools/fetch-e2fsprogs-tests >/dev/null || true
	@tools/build dev
	@ctest --test-dir build/dev -j2 --output-on-failure --no-tests=error

run: build
	@tools/setup run
	@tools/run

bench: build
	@tools/setup bench
	@tools/bench

check:
	@tools/setup build test check
	@tools/check

setup:
	@tools/setup build run test bench check

install: build
	@tools/build release manual
	@cmake --install build/release --prefix '$(PREFIX)'

clean:
	@rm -rf build
