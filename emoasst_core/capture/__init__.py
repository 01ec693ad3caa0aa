"""Where frames and sound come from: cameras, microphones, recordings."""
