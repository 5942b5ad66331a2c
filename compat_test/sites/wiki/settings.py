from base import *

SITE_ID = 1
INSTALLED_APPS += [
    "django.contrib.humanize",
    "django.contrib.sites",
    "django_nyt",
    "mptt",
    "sekizai",
    "sorl.thumbnail",
    "wiki",
    "wiki.plugins.attachments",
    "wiki.plugins.notifications",
    "wiki.plugins.images",
    "wiki.plugins.macros",
]
TEMPLATES[0]["OPTIONS"]["context_processors"] += ["sekizai.context_processors.sekizai"]
LOGIN_REDIRECT_URL = "/"
WIKI_ACCOUNT_HANDLING = True
