# environment.sh: what tests and the demo set before they start threads and ranks; to be sourced.
# shellcheck shell=bash
#
# Threads are said explicitly each time; many of them on few processors must not spin.
export OMP_NUM_THREADS=2 OMP_PROC_BIND=false OMP_WAIT_POLICY=passive OMP_DYNAMIC=false
unset OMP_SCHEDULE OMP_THREAD_LIMIT OMP_PLACES GOMP_CPU_AFFINITY PARPIX_SIMD

# Open MPI: as root too, more ranks than processors, no binding (a rank's threads would share one
# processor), yielding while it waits, and no network but the loopback.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none
export OMPI_MCA_mpi_yield_when_idle=1
export OMPI_MCA_btl_tcp_if_include=lo OMPI_MCA_oob_tcp_if_include=lo
export OMPI_MCA_btl_vader_single_copy_mechanism=none OMPI_MCA_pml=ob1 OMPI_MCA_btl=self,vader,tcp
# The launcher of the library that the Makefile prefers, where several are installed.
MPIRUN=$(command -v mpirun.openmpi || echo mpirun)
export MPIRUN
