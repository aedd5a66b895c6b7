# parpix: `make help` lists what there is to make.
#
# Everything made goes to $(BUILD). Objects remember their headers (-MMD) and the flags they were made
# with (a stamp), so neither can be stale. Kernel files are compiled once for each instruction-set
# level; the program picks one when it starts. On a bare machine this file is read before there is a
# compiler: what it asks of one stays quiet, and is asked again by the make that `demo` and `test`
# start after the packages are there.

BUILD   ?= build
PREFIX  ?= /usr/local
DESTDIR ?=
MPI     ?= 1
MPICC   ?= $(notdir $(firstword $(shell command -v mpicc.openmpi 2>/dev/null) mpicc))
CFLAGS  ?= -O3 -g1

ifeq ($(origin CC),default)
CC := gcc
endif

# psabi: how vectors are passed between functions is of no interest where all are inlined.
WARNINGS := -Wno-psabi -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wvla -Wstrict-prototypes \
            -Wmissing-prototypes -Wundef $(if $(filter 1,$(WERROR)),-Werror)
# After the user's flags: sameness does not survive contraction or fast-math. The latter would also
# make the linker add start-up code that flushes small numbers to zero. Nobody asks which operation
# raised a flag: without no-trapping-math gcc keeps branches around divisions and selects.
SAME     := -ffp-contract=off -fno-fast-math -fno-math-errno -fno-trapping-math
FLAGS    := $(CPPFLAGS) -std=c11 -fPIC $(WARNINGS) $(CFLAGS) $(SAME) -MMD -MP
LINK     := $(filter-out -Ofast -ffast-math -funsafe-math-optimizations,$(CFLAGS)) $(LDFLAGS) -fopenmp
OPENMP   := -fopenmp
PNG      := $(shell pkg-config --libs libpng zlib 2>/dev/null || echo -lpng -lz)
JSON     := $(shell pkg-config --libs jansson 2>/dev/null || echo -ljansson)

# Levels of the kernels: a name, and the flags for it.
LEVELS := baseline
ifneq (,$(filter x86_64-%,$(shell $(CC) -dumpmachine 2>/dev/null)))
LEVELS   += avx2 avx512
X86      := -DPPX_X86_LEVELS
endif
FLAGS_baseline :=
FLAGS_avx2     := -march=x86-64-v3
FLAGS_avx512   := -march=x86-64-v4

# What the program says of itself in `parpix info`.
ABOUT     = -DPPX_BUILD_FLAGS='"$(CFLAGS) $(SAME)"' -DPPX_BUILD_COMMIT='"$(COMMITTED)"'
# The commit that the sources are, empty outside of a checkout; one small object says it.
COMMIT   := $(BUILD)/commit
COMMITTED = $(shell cat '$(COMMIT)')
# MPI's wrapper around our compiler, by the names that Open MPI and MPICH know.
WITH_MPI := OMPI_CC='$(CC)' MPICH_CC='$(CC)' $(MPICC)

objects  = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
KERNELS := $(filter-out kernels/serial.c,$(wildcard kernels/*.c))
LIBRARY := $(wildcard core/*.c formats/*.c omp/*.c data/*.c) kernels/serial.c
CLI     := $(filter-out cli/world_single.c,$(wildcard cli/*.c)) $(wildcard omp/lessons/*.c)
RANKS   := $(filter-out mpi/world_mpi.c,$(wildcard mpi/*.c))

LIB_OBJ := $(call objects,$(LIBRARY)) \
           $(foreach l,$(LEVELS),$(patsubst %.c,$(BUILD)/obj/%.$(l).o,$(KERNELS)))
CLI_OBJ := $(call objects,$(CLI))
MPI_OBJ := $(call objects,mpi/world_mpi.c $(wildcard mpi/lessons/*.c))
TESTS   := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/test_*.c))

PROGRAMS := $(BUILD)/parpix
ARCHIVES := $(BUILD)/libparpix.a
ifeq ($(MPI),1)
PROGRAMS += $(BUILD)/parpix-mpi
ARCHIVES += $(BUILD)/libparpix-mpi.a
TESTS    += $(BUILD)/tests/ranks_memory
endif
SONAME   := libparpix.so.0
VERSION   = $(shell sed -n 's/^.define PPX_VERSION "\(.*\)"/\1/p' core/parpix.h)

.PHONY: all help deps demo lessons test check-long lint format install clean tests mpicc
.DELETE_ON_ERROR:
.SECONDARY:
all: $(ARCHIVES) $(BUILD)/libparpix.so $(PROGRAMS) ## the libraries, parpix and parpix-mpi

help: ## this list
	@echo 'make TARGET [CC=gcc|clang] [CFLAGS=...] [MPI=0] [BUILD=dir] [PREFIX=/usr/local] [DESTDIR=]'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

deps: ## install the Debian packages that are missing
	scripts/deps

# Quietly, on all processors unless the caller has said how many.
AGAIN = $(MAKE) -s --no-print-directory $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))

demo: ## the main job: install, build, run every way, compare, show
	@scripts/deps --build
	+@echo Building ... && $(AGAIN) all
	@scripts/demo

lessons: all ## run all lessons, their tables to demo/lessons.md
	@scripts/lessons/tables

test: ## all tests that fit into five minutes
	@scripts/deps
	+@echo Building ... && $(AGAIN) all tests
	@tests/run

check-long: ## the same and the slower checks: races, clang
	@scripts/deps --long
	+@echo Building ... && $(AGAIN) all tests
	@tests/run --long

lint: ## house rules, layout, headers
	scripts/lint

format: ## lay the code out by .clang-format
	clang-format -i $$(git ls-files '*.c' '*.h')

install: all ## copy to $(DESTDIR)$(PREFIX)
	install -d '$(DESTDIR)$(PREFIX)/bin' '$(DESTDIR)$(PREFIX)/include' \
	    '$(DESTDIR)$(PREFIX)/lib/pkgconfig' '$(DESTDIR)$(PREFIX)/share/parpix/lessons'
	install $(PROGRAMS) '$(DESTDIR)$(PREFIX)/bin'
	install -m 644 $(ARCHIVES) $(BUILD)/$(SONAME) '$(DESTDIR)$(PREFIX)/lib'
	ln -sf $(SONAME) '$(DESTDIR)$(PREFIX)/lib/libparpix.so'
	install -m 755 scripts/lessons/gil.py '$(DESTDIR)$(PREFIX)/share/parpix/lessons'
	install -m 644 core/parpix.h '$(DESTDIR)$(PREFIX)/include'
	$(if $(filter 1,$(MPI)),sed 's|"../core/|"|' mpi/parpix_mpi.h >'$(DESTDIR)$(PREFIX)/include/parpix_mpi.h')
	printf '%s\n' 'Name: parpix' 'Description: parallel image analysis' 'Version: $(VERSION)' \
	    'Requires.private: libpng zlib' 'Cflags: -I$(PREFIX)/include' \
	    'Libs: -L$(PREFIX)/lib -lparpix' 'Libs.private: $(OPENMP) -lm' \
	    >'$(DESTDIR)$(PREFIX)/lib/pkgconfig/parpix.pc'

clean: ## remove what was made
	rm -rf '$(BUILD)'

# ---- Programs and libraries ----

$(BUILD)/libparpix.a: $(LIB_OBJ)
$(BUILD)/libparpix-mpi.a: $(call objects,$(RANKS))
$(BUILD)/%.a:
	rm -f $@
	$(AR) rcs $@ $^

# Programs that link with it look for it by its versioned name.
$(BUILD)/libparpix.so: $(BUILD)/$(SONAME)
	ln -sf $(SONAME) $@

$(BUILD)/$(SONAME): $(LIB_OBJ)
	$(CC) $(LINK) -shared -Wl,-soname,$(SONAME) -o $@ $^ $(PNG) -lm

$(BUILD)/parpix: $(CLI_OBJ) $(BUILD)/obj/cli/world_single.o $(BUILD)/libparpix.a
	$(CC) $(LINK) -o $@ $^ $(PNG) $(JSON) -lm

$(BUILD)/parpix-mpi: $(CLI_OBJ) $(MPI_OBJ) $(BUILD)/libparpix-mpi.a \
                     $(BUILD)/libparpix.a | mpicc
	$(WITH_MPI) $(LINK) -o $@ $^ $(PNG) $(JSON) -lm

mpicc:
	@command -v $(firstword $(MPICC)) >/dev/null || { echo 'No $(MPICC) here: `make deps` installs' \
	    'Open MPI, `make MPI=0` builds without parpix-mpi.' >&2; exit 1; }

# ---- Objects ----

# Written anew when a flag has changed, so that all objects are older than it.
STAMP := $(BUILD)/flags
$(shell mkdir -p '$(BUILD)'; printf '%s\n' \
    '$(subst ','\'',$(CC) $(FLAGS) $(LINK) $(WITH_MPI) $(LEVELS))' > $(STAMP).new; \
    cmp -s $(STAMP).new $(STAMP) && rm $(STAMP).new || mv $(STAMP).new $(STAMP))

$(shell { [ ! -e .git ] || git describe --always --dirty --abbrev=40 --exclude='*' 2>/dev/null; \
    } > $(COMMIT).new; cmp -s $(COMMIT).new $(COMMIT) && rm $(COMMIT).new || \
    mv $(COMMIT).new $(COMMIT))

$(BUILD)/obj/mpi/%.o: mpi/%.c $(STAMP) | mpicc
	@mkdir -p $(@D)
	$(WITH_MPI) $(FLAGS) -c $< -o $@

$(BUILD)/obj/cli/%.o: cli/%.c $(STAMP)
	@mkdir -p $(@D)
	$(CC) $(FLAGS) $(OPENMP) -c $< -o $@

$(BUILD)/obj/cli/built.o: cli/built.c $(STAMP) $(COMMIT)
	@mkdir -p $(@D)
	$(CC) $(FLAGS) $(ABOUT) -c $< -o $@

$(BUILD)/obj/omp/%.o: omp/%.c $(STAMP)
	@mkdir -p $(@D)
	$(CC) $(FLAGS) $(OPENMP) -c $< -o $@

define kernel_rule
$(BUILD)/obj/kernels/%.$(1).o: kernels/%.c $(STAMP)
	@mkdir -p $$(@D)
	$(CC) $(FLAGS) -fopenmp-simd -DPPX_LEVEL=$(1) $(FLAGS_$(1)) -c $$< -o $$@
endef
$(foreach l,$(LEVELS),$(eval $(call kernel_rule,$(l))))

$(BUILD)/obj/%.o: %.c $(STAMP)
	@mkdir -p $(@D)
	$(CC) $(FLAGS) $(X86) -c $< -o $@

# ---- Tests: one program for each tests/test_*.c, with what they share ----

tests: $(TESTS)

$(BUILD)/tests/%: $(BUILD)/obj/tests/%.o $(BUILD)/obj/tests/support.o $(BUILD)/libparpix.a
	@mkdir -p $(@D)
	$(CC) $(LINK) $(LINK_$*) -o $@ $^ -lcmocka $(PNG) -lm
# core/memory.c alone calls these two: the test stands between it and the C library.
LINK_test_memory := -Wl,--wrap=aligned_alloc -Wl,--wrap=free

# The one that ranks.bats starts with mpirun.
$(BUILD)/tests/ranks_memory: $(BUILD)/obj/tests/ranks_memory.o $(BUILD)/libparpix-mpi.a $(BUILD)/libparpix.a
	@mkdir -p $(@D)
	$(WITH_MPI) $(LINK) -Wl,--wrap=aligned_alloc -o $@ $^ $(PNG) -lm

$(BUILD)/obj/tests/ranks_%.o: tests/ranks_%.c $(STAMP)
	@mkdir -p $(@D)
	$(WITH_MPI) $(FLAGS) $(OPENMP) -c $< -o $@

$(BUILD)/obj/tests/%.o: tests/%.c $(STAMP)
	@mkdir -p $(@D)
	$(CC) $(FLAGS) $(OPENMP) -c $< -o $@

-include $(wildcard $(BUILD)/obj/*/*.d $(BUILD)/obj/*/*/*.d)
