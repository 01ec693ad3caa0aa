# A thin door to packaging/bootstrap.py: make run PYTHON=python3.12 chooses another Python.
PYTHON ?= python3

.PHONY: run test setup demo clean faults sbom audit

run test setup demo clean faults sbom audit:
	@"$(PYTHON)" packaging/bootstrap.py $@
