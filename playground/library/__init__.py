"""The pattern library, prompts that come in and go out, and a folder kept equal with them."""
