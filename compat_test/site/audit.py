# -*- coding: utf-8 -*-
"""SESSION_ENGINE = "audit": the engine of a site that subclassed Django's, which changes the salt of every payload."""
from django.contrib.sessions.backends.db import SessionStore as Base


class AuditedStore(Base):
    pass


SessionStore = AuditedStore
