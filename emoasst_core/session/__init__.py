"""The sentence of the README, put together: pipeline, events, sinks, runner and the model process."""
