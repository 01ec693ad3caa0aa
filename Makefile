# A thin door to packaging/bootstrap.py: make run PYTHON=python3.12 chooses another Python.
PYTHON ?= python3

.PHONY: run test setup demo clean

run test setup demo clean:
	@"$(PYTHON)" packaging/bootstrap.py $@
