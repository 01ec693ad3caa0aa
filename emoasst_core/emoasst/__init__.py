"""The networks of EmoAsst (Wang & Yang 2024): visual fusion module, auditory adapter, their losses and their prompts."""
