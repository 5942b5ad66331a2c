"""What evennia --init writes, with the parents of the game's classes in their place."""
from evennia.settings_default import *

from base import BASE_DIR, DATABASES, PASSWORD_HASHERS, SECRET_KEY, TIME_ZONE

GAME_DIR = BASE_DIR
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "urls"
BASE_ACCOUNT_TYPECLASS = "evennia.accounts.accounts.DefaultAccount"
BASE_GUEST_TYPECLASS = "evennia.accounts.accounts.DefaultGuest"
BASE_OBJECT_TYPECLASS = "evennia.objects.objects.DefaultObject"
BASE_CHARACTER_TYPECLASS = "evennia.objects.objects.DefaultCharacter"
BASE_ROOM_TYPECLASS = "evennia.objects.objects.DefaultRoom"
BASE_EXIT_TYPECLASS = "evennia.objects.objects.DefaultExit"
BASE_CHANNEL_TYPECLASS = "evennia.comms.comms.DefaultChannel"
BASE_SCRIPT_TYPECLASS = "evennia.scripts.scripts.DefaultScript"
AUTO_CREATE_CHARACTER_WITH_ACCOUNT = False
