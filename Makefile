# parpix: `make help` lists what there is to make.
#
# Everything made goes to $(BUILD). Objects remember their headers (-MMD) and the flags they were made
# with (a stamp), so neither can be stale. Kernel files are compiled once for each instruction-set
# level; the program picks one when it starts.

BUILD   ?= build
PREFIX  ?= /usr/local
DESTDIR ?=
MPI     ?= 1
MPICC   ?= $(firstword $(shell command -v mpicc.openmpi) mpicc)
CFLAGS  ?= -O3 -g

ifeq ($(origin CC),default)
CC := gcc
endif

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wvla -Wstrict-prototypes \
            -Wmissing-prototypes -Wundef $(if $(filter 1,$(WERROR)),-Werror)
# After the user's flags: sameness does not survive contraction or fast-math.
ALWAYS   := -std=c11 -fPIC $(WARNINGS)
SAME     := -ffp-contract=off -fno-fast-math
OPENMP   := -fopenmp
PNG      := $(shell pkg-config --libs libpng zlib 2>/dev/null || echo -lpng -lz)
JSON     := $(shell pkg-config --libs jansson 2>/dev/null || echo -ljansson)

# Levels of the kernels: a name, and the flags for it.
LEVELS := baseline
ifneq (,$(filter x86_64-%,$(shell $(CC) -dumpmachine)))
LEVELS   += avx2 avx512
X86      := -DPPX_X86_LEVELS
endif
FLAGS_baseline :=
FLAGS_avx2     := -march=x86-64-v3
FLAGS_avx512   := -march=x86-64-v4

COMPILE := $(CC) $(CPPFLAGS) $(ALWAYS) $(CFLAGS) $(SAME) -MMD -MP
# What the program says of itself in `parpix info`.
ABOUT   := -DPPX_BUILD_FLAGS='"$(CFLAGS) $(SAME)"'

objects  = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
KERNELS := $(filter-out kernels/serial.c,$(wildcard kernels/*.c))
LIBRARY := $(wildcard core/*.c formats/*.c omp/*.c data/*.c) kernels/serial.c
CLI     := $(filter-out cli/world_single.c,$(wildcard cli/*.c))
RANKS   := $(wildcard mpi/*.c)

LIB_OBJ := $(call objects,$(LIBRARY)) \
           $(foreach l,$(LEVELS),$(patsubst %.c,$(BUILD)/obj/%.$(l).o,$(KERNELS)))
CLI_OBJ := $(call objects,$(CLI))
MPI_OBJ := $(call objects,$(RANKS))
TESTS   := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/test_*.c))

PROGRAMS := $(BUILD)/parpix $(if $(filter 1,$(MPI)),$(BUILD)/parpix-mpi)

.PHONY: all help demo test check-long lint format install clean tests deps
.DELETE_ON_ERROR:
all: $(BUILD)/libparpix.a $(BUILD)/libparpix.so $(PROGRAMS) ## the library, parpix and parpix-mpi

help: ## this list
	@echo 'make TARGET [CC=gcc|clang] [CFLAGS=...] [MPI=0] [BUILD=dir] [PREFIX=/usr/local] [DESTDIR=]'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

deps: ## install the Debian packages that are missing
	scripts/deps

demo: ## the main job: install, build, run every way, compare, show
	scripts/deps
	$(MAKE) all
	scripts/demo

test: ## all tests that fit into five minutes
	scripts/deps
	$(MAKE) all tests
	tests/run

check-long: ## the slower checks
	scripts/deps
	$(MAKE) all tests
	tests/run --long

lint: ## house rules, layout, headers
	scripts/lint

format: ## lay the code out by .clang-format
	clang-format -i $$(git ls-files '*.c' '*.h')

install: all ## copy to $(DESTDIR)$(PREFIX)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib $(DESTDIR)$(PREFIX)/include
	install $(PROGRAMS) $(DESTDIR)$(PREFIX)/bin
	install -m 644 $(BUILD)/libparpix.a $(DESTDIR)$(PREFIX)/lib
	install $(BUILD)/libparpix.so $(DESTDIR)$(PREFIX)/lib
	install -m 644 core/parpix.h $(DESTDIR)$(PREFIX)/include

clean: ## remove what was made
	rm -rf $(BUILD)

# ---- Programs and libraries ----

$(BUILD)/libparpix.a: $(LIB_OBJ)
	rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/libparpix.so: $(LIB_OBJ)
	$(CC) $(CFLAGS) $(LDFLAGS) -shared $(OPENMP) -Wl,-soname,libparpix.so -o $@ $^ $(PNG) -lm

$(BUILD)/parpix: $(CLI_OBJ) $(BUILD)/obj/cli/world_single.o $(BUILD)/libparpix.a
	$(CC) $(CFLAGS) $(LDFLAGS) $(OPENMP) -o $@ $^ $(PNG) $(JSON) -lm

$(BUILD)/parpix-mpi: $(CLI_OBJ) $(MPI_OBJ) $(BUILD)/libparpix.a
	$(with_mpi) $(CFLAGS) $(LDFLAGS) $(OPENMP) -o $@ $^ $(PNG) $(JSON) -lm

# ---- Objects ----

with_mpi := OMPI_CC=$(CC) MPICH_CC=$(CC) $(MPICC)

STAMP := $(BUILD)/flags
$(shell mkdir -p $(BUILD); printf '%s\n' '$(subst ','\'',$(COMPILE) $(LDFLAGS) $(MPICC))' > $(STAMP).new; \
        cmp -s $(STAMP).new $(STAMP) && rm $(STAMP).new || mv $(STAMP).new $(STAMP))

$(BUILD)/obj/mpi/%.o: mpi/%.c $(STAMP)
	@mkdir -p $(@D)
	$(with_mpi) $(wordlist 2,99,$(COMPILE)) -c $< -o $@

$(BUILD)/obj/cli/%.o: cli/%.c $(STAMP)
	@mkdir -p $(@D)
	$(COMPILE) $(OPENMP) $(ABOUT) -c $< -o $@

$(BUILD)/obj/omp/%.o: omp/%.c $(STAMP)
	@mkdir -p $(@D)
	$(COMPILE) $(OPENMP) -c $< -o $@

define kernel_rule
$(BUILD)/obj/kernels/%.$(1).o: kernels/%.c $(STAMP)
	@mkdir -p $$(@D)
	$(COMPILE) -fopenmp-simd -DPPX_LEVEL=$(1) $(FLAGS_$(1)) -c $$< -o $$@
endef
$(foreach l,$(LEVELS),$(eval $(call kernel_rule,$(l))))

$(BUILD)/obj/%.o: %.c $(STAMP)
	@mkdir -p $(@D)
	$(COMPILE) $(X86) -c $< -o $@

# ---- Tests: one program for each tests/test_*.c, with what they share ----

tests: $(TESTS)

$(BUILD)/tests/%: $(BUILD)/obj/tests/%.o $(BUILD)/obj/tests/support.o $(BUILD)/libparpix.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) $(OPENMP) $(LDFLAGS_$*) -o $@ $^ -lcmocka $(PNG) -lm
LDFLAGS_test_memory := -Wl,--wrap=ppx_alloc

$(BUILD)/obj/tests/%.o: tests/%.c $(STAMP)
	@mkdir -p $(@D)
	$(COMPILE) $(OPENMP) -c $< -o $@

-include $(wildcard $(BUILD)/obj/*/*.d)
