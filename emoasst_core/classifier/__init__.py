"""From a query to probabilities: zero-shot heads, the family's shot cache, calibration, and the probes they are compared with."""
