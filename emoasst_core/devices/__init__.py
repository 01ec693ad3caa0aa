"""Lists cameras and microphones by an id that survives replugging."""
