# The entry for people: builds with CMake below build/, installs missing Debian packages. `make help` lists the targets.
# Options: CXX=clang++   JOBS=n   CONFIG=file (run)   STATIC=1 (pi, pi64)   BENCH=regex (bench: of programs or cases)   FUZZ_SECONDS=n (fuzz)
#          SEEDS=n FIRST=n (test-faults)   MINUTES=n (soak)
#          CASES='name FILE.onnx ...' FUNCTIONS=1 (count)   NO_INSTALL=1 (only say which packages are missing)
#          UNITY=0 (compile each file on its own: faster when one file has changed; remembered until UNITY=1)
.DEFAULT_GOAL := edge
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules
SHELL := /bin/bash
CONFIG ?= config.toml
BENCH ?= .
FUZZ_SECONDS ?= 30
SEEDS ?= 100
FIRST ?= 1
MINUTES ?= 30
# A folder of the program needs up to 600 MB to compile, one of tests somewhat more: a Pi with 1 GB builds one at a time.
JOBS ?= $(shell awk -v cores=$$(nproc) '/^MemAvailable/ { fit = int($$2 / 700000); \
          print fit < 1 ? 1 : fit < cores ? fit : cores }' /proc/meminfo)

host := build/host
ifneq ($(origin CXX),default)
  host := build/host-$(notdir $(CXX))
  host_options := -DCMAKE_CXX_COMPILER=$(CXX)
endif
device_suffix := $(if $(STATIC),-static)
device_options := $(if $(STATIC),-DEDGE_STATIC=ON -DEDGE_TESTS=OFF)

ninja := ninja -j $(JOBS)
# $(call ctest,DIRECTORY,NAME,OPTIONS): the results lie in DIRECTORY/test-results, for .ci/summary.
ctest = rm -f $(1)/test-results/$(2).junit.xml; mkdir -p $(1)/test-results; \
        ctest --test-dir $(1) --output-on-failure --no-tests=error --output-junit test-results/$(2).junit.xml $(3)
sources = $(shell { git ls-files -co --exclude-standard -- '*.cpp' '*.h' 2>/dev/null || \
            find cmake kernels engine net roles tests bench -name '*.cpp' -o -name '*.h'; } | sort -u)
# $(call configure,DIRECTORY,OPTIONS): once, or for another UNITY; afterwards ninja calls cmake when a CMake file changes.
configure = { [ -f $(1)/build.ninja ]$(if $(UNITY), && grep -qx 'EDGE_UNITY:BOOL=$(UNITY)' $(1)/CMakeCache.txt); } || \
            cmake -S . -B $(1) -G Ninja -DEDGE_UNITY=$(or $(UNITY),1) $(2)
# $(call copy,FROM,TO): only when they differ; a running program keeps its old file.
copy = cmp -s $(1) $(2) || install -m 755 $(1) $(2)

.PHONY: edge run models test test-faults soak pi pi64 test-pi test-armv7 test-aarch64 test-mixed bench count mca fmt lint sanitize fuzz clean help

edge: ## build ./edge for this machine
	@cmake/install-packages.sh build
	@$(call configure,$(host),$(host_options))
	@$(ninja) -C $(host) edge
	@$(call copy,$(host)/edge,edge)

run: ## build, then run the whole chain of CONFIG on this machine
	@cmake/install-packages.sh run
	@$(MAKE) --no-print-directory edge
	./edge local -c $(CONFIG)

models: ## get small trained networks into models/ (faces, text), with npm
	@cmake/get-models.sh

test: ## build and run all tests for this machine
	@cmake/install-packages.sh test
	@$(call configure,$(host),$(host_options))
	@$(ninja) -C $(host) edge edge_tests
	@$(call copy,$(host)/edge,edge)
	@rm -rf $(host)/test-results
	@$(call ctest,$(host),host,-LE pi)

test-faults: ## chains under the faults of SEEDS (100) seeds from FIRST (1) on, with and without TLS
soak: ## one chain for MINUTES (30), one of whose workers is killed every 20 s
test-faults soak:
	@cmake/install-packages.sh test
	@$(call configure,$(host),$(host_options))
	@$(ninja) -C $(host) edge edge_faults
	@$(host)/edge_faults $(if $(filter soak,$@),--soak $(MINUTES),--first $(FIRST) --seeds $(SEEDS))

pi: device := armv7
pi: ## build ./edge-armv7 for Raspberry Pis with a 32-bit system
pi64: device := aarch64
pi64: ## build ./edge-aarch64 for Raspberry Pis with a 64-bit system
pi pi64:
	@cmake/install-packages.sh cross
	@cmake/sysroot.sh $(device)
	@$(call configure,build/$(device)$(device_suffix),-DCMAKE_TOOLCHAIN_FILE=cmake/toolchain-$(device).cmake $(device_options))
	@$(ninja) -C build/$(device)$(device_suffix) edge
	@$(call copy,build/$(device)$(device_suffix)/edge,edge-$(device))
	@cmake/check-needed.sh edge-$(device)

test-pi: test-armv7 test-aarch64 test-mixed ## run the unit tests of both device builds under QEMU, and a chain of mixed devices

test-armv7: pi
test-aarch64: pi64
test-armv7 test-aarch64: test-%:
	@$(ninja) -C build/$* edge_tests
	@rm -rf build/$*/test-results
	@$(call ctest,build/$*,$*)

test-mixed: pi pi64
	@cmake/install-packages.sh test
	@$(call configure,$(host),$(host_options))
	@$(ninja) -C $(host) edge edge_tests
	@rm -f $(host)/test-results/mixed_isa.xml
	@export EDGE_ARMV7="qemu-arm -L /usr/arm-linux-gnueabihf $(CURDIR)/edge-armv7"; \
	  export EDGE_AARCH64="qemu-aarch64 -L /usr/aarch64-linux-gnu $(CURDIR)/edge-aarch64"; \
	  $(call ctest,$(host),mixed,-L pi)

bench: ## build and run the benchmarks; results also as CSV in build/
	@cmake/install-packages.sh bench
	@cmake -S . -B $(host) -G Ninja $(host_options) -DEDGE_BENCHMARKS=ON >/dev/null
	@$(ninja) -C $(host) edge_benchmarks
	@set -e; for program in $(host)/bench_*; do [ -f $$program -a -x $$program ] || continue; \
	  filter='$(BENCH)'; if [[ $${program##*/bench_} =~ $$filter ]]; then filter=.; fi; \
	  $$program --benchmark_filter="$$filter" --benchmark_out=$$program.csv --benchmark_out_format=csv; done

count: ## count the instructions of CASES (default: all but the slow ones) on both devices under QEMU
	@cmake/install-packages.sh cross
	@set -e; for device in armv7 aarch64; do cmake/sysroot.sh $$device; \
	  $(call configure,build/$$device,-DCMAKE_TOOLCHAIN_FILE=cmake/toolchain-$$device.cmake); \
	  $(ninja) -C build/$$device count_kernels; done
	@g++ -std=c++20 -O2 -shared -fPIC -Wall -Wextra -o build/instruction_counter.so bench/count/instruction_counter.cpp
	@bench/count/count.py --plugin build/instruction_counter.so --jobs $(JOBS) $(if $(FUNCTIONS),--functions) \
	  armv7=build/armv7/count_kernels aarch64=build/aarch64/count_kernels $(CASES)

mca: ## llvm-mca of the kernels' inner loops: cycles against the bound of the multiply-adds, for both devices and AVX2
	@cmake/install-packages.sh cross mca
	@set -e; for device in armv7 aarch64; do cmake/sysroot.sh $$device; \
	  $(call configure,build/$$device,-DCMAKE_TOOLCHAIN_FILE=cmake/toolchain-$$device.cmake); \
	  $(ninja) --quiet -C build/$$device edge_kernels; done
	@$(call configure,$(host),$(host_options)) >/dev/null
	@$(ninja) --quiet -C $(host) edge_kernels
	@bench/mca.py armv7=build/armv7 aarch64=build/aarch64 $(if $(filter x86_64,$(shell uname -m)),avx2=$(host))

fmt: ## format all sources
	@cmake/install-packages.sh lint
	@clang-format -i $(sources)

lint: ## check the format, then clang-tidy
	@cmake/install-packages.sh lint
	@clang-format --dry-run -Werror $(sources)
	@cmake -S . -B build/lint -G Ninja -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON >/dev/null
	@$(ninja) -C build/lint edge_version_header edge_embedded >/dev/null
	@set -o pipefail; run-clang-tidy -quiet -p build/lint -j $(JOBS) '$(CURDIR)/(kernels|engine|net|roles)/' 2>&1 | \
	  { grep -vE '^([0-9]+ warnings? generated|clang-tidy)' || true; }

sanitize: ## unit tests under AddressSanitizer + UndefinedBehaviorSanitizer, then under ThreadSanitizer
	@cmake/install-packages.sh test
	@set -e; for sanitizer in address,undefined thread; do directory=build/sanitize-$${sanitizer%%,*}; \
	  $(call configure,$$directory,$(host_options) -DCMAKE_BUILD_TYPE=RelWithDebInfo -DEDGE_SANITIZE=$$sanitizer); \
	  $(ninja) -C $$directory edge_tests; \
	  setarch -R ctest --test-dir $$directory --output-on-failure --no-tests=error -E '^(end_to_end|faults|mixed_isa)$$'; done

fuzz: ## run each fuzzer for FUZZ_SECONDS
	@cmake/install-packages.sh fuzz
	@$(call configure,build/fuzz,-DCMAKE_CXX_COMPILER=clang++ -DCMAKE_BUILD_TYPE=RelWithDebInfo -DEDGE_FUZZ=ON -DEDGE_TESTS=OFF)
	@$(ninja) -C build/fuzz edge_fuzzers
	@set -e; for program in build/fuzz/fuzz_*; do [ -x $$program ] || continue; name=$${program##*/fuzz_}; \
	  mkdir -p build/fuzz/corpus/$$name tests/fuzz/corpus/$$name; echo "fuzz_$$name: $(FUZZ_SECONDS) s"; \
	  $$program -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 -verbosity=0 -artifact_prefix=build/fuzz/ \
	    build/fuzz/corpus/$$name tests/fuzz/corpus/$$name; done

clean: ## remove everything that was built
	rm -rf build edge edge-armv7 edge-aarch64

help: ## this list, and the options
	@sed -n 's/^\([a-z0-9-]*\):.* ## \(.*\)/  make \1 \2/p' Makefile | awk '{ name = $$2; $$1 = $$2 = ""; printf "  make %-10s %s\n", name, $$0 }'
	@sed -n 's/^# Options: /\n  options:   /p; s/^#          /             /p' Makefile
