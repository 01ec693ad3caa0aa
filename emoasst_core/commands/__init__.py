"""The subcommands of `emoasst`, one file each: options in, exit code out."""
