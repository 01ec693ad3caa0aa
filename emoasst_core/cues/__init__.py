"""Whether to speak: smoothing, the policy that holds back, and the wording."""
