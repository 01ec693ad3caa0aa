"""How good it is: metrics, intervals, protocols, run cards."""
