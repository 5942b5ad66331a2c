# Makes the tables and the profile for the gate, and serves.
set -e
python manage.py migrate -v0
djsession probe --manage . -o "$SITE_PROFILE"
exec gunicorn wsgi:application --bind "$SITE_LISTEN" --workers 2
