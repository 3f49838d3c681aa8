"""The local services, started and watched by supervisord."""
