"""The benchmarks: `make bench` runs them all and writes bench/RESULTS.md. Nothing but this machine is reached."""
