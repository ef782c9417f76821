"""The web shell: reads forms, calls the workbench, shows what comes back."""
