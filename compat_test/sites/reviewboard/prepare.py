"""What rb-site does after the tables are made."""
import django

django.setup()
from reviewboard import finalize_setup

finalize_setup(is_upgrade=False)
