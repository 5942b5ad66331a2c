# -*- coding: ascii -*-
"""Says who a visitor is, to djauth.AskDjango of go-djsession. For Django 1.8 to 6.1 and CPython 2.7 or later.

Save this file as djsession_ask.py beside urls.py, and add the view to urlpatterns:

    re_path(r'^djsession-ask/$', djsession_ask.ask)         # url(...) before Django 2.0

If middleware of the site decides by the path or the method of a request, do not add the view. Add
'PROJECT.djsession_ask.AskMiddleware' as the last of MIDDLEWARE, and set AskOptions.AtPath in Go.

Only a request that is sealed by the key is answered, and only once. The key is made of SECRET_KEY, or of
DJSESSION_ASK_KEY if the site has that setting. What has come is remembered in the cache DJSESSION_ASK_CACHE,
by default 'default'. If each process has a cache of its own (LocMemCache), it is in the folder for temporary files.
"""
import base64
import hashlib
import hmac
import json
import os
import shutil
import tempfile
import time

from django.conf import settings
from django.core.cache import caches
from django.core.cache.backends.dummy import DummyCache
from django.core.cache.backends.locmem import LocMemCache
from django.http import HttpResponse
from django.utils.crypto import constant_time_compare
from django.utils.encoding import force_bytes

LATE = 30  # seconds


def ask(request):
    get = request.META.get
    asked = get('HTTP_X_DJSESSION_ASK', '')
    sealed = '\n'.join([request.method, asked, get('HTTP_COOKIE', ''), get('HTTP_USER_AGENT', ''), ''])
    sealed = (sealed if isinstance(sealed, bytes) else sealed.encode('latin-1', 'replace')) + request.body
    good = [key for key in keys() if constant_time_compare(seal(key, sealed), get('HTTP_X_DJSESSION_SEAL', ''))]
    if not good:
        return refuse('seal')
    question = json.loads(base64.b64decode(asked.encode('ascii')).decode('utf-8'))
    if question['url'] not in (request.path, request.path_info):
        return refuse('url')
    if abs(time.time() - question['time']) > LATE:
        return refuse('time')
    if not first(question):
        return refuse('nonce')
    body = json.dumps(who(request, question.get('perms') or [])).encode('ascii')
    response = HttpResponse(body, content_type='application/json')
    response['X-Djsession-Answer'] = seal(good[0], force_bytes('answer\n%s\n' % question['nonce']) + body)
    response['Cache-Control'] = 'max-age=0, no-cache, no-store, must-revalidate, private'
    return response


ask.csrf_exempt = True
ask.login_required = False  # LoginRequiredMiddleware of Django 5.1


class AskMiddleware(object):
    def __init__(self, get_response=None):
        self.get_response = get_response

    def __call__(self, request):
        return self.process_request(request) or self.get_response(request)

    def process_request(self, request):  # Django before 1.10 calls this
        return ask(request) if 'HTTP_X_DJSESSION_ASK' in request.META else None


def who(request, perms):
    user = getattr(request, 'user', None)
    yes = getattr(user, 'is_authenticated', False)
    if not (yes() if callable(yes) else yes):
        return {'user': None}
    session = getattr(request, 'session', {})
    history = session.get('hijack_history')  # django-hijack; request.real_user is django-impersonate's
    real = user._meta.model._default_manager.filter(pk=history[0]).first() if history else getattr(request, 'real_user', None)
    return {
        'user': facts(user),
        'real': facts(real) if real else None,
        'backend': session.get('_auth_user_backend', ''),
        'level': 'verified' if getattr(user, 'otp_device', None) else '',  # django-otp
        'groups': sorted(group.name for group in user.groups.all()) if hasattr(user, 'groups') else [],
        'perms': dict((name, allowed(user, name)) for name in perms if name != '*'),
        'all': sorted(user.get_all_permissions()) if '*' in perms else None,
        'address': request.META.get('REMOTE_ADDR', ''),
    }


def facts(user):
    told = {'id': user._meta.pk.value_to_string(user), 'name': user.get_username()}
    told.update((field, getattr(user, field, '')) for field in ('email', 'first_name', 'last_name'))
    told = dict((field, u'%s' % (u'' if value is None else value)) for field, value in told.items())
    told.update((field, bool(getattr(user, 'is_' + field, False))) for field in ('active', 'staff', 'superuser'))
    return told


def allowed(user, name):
    return bool(user.has_module_perms(name[:-2]) if name.endswith('.*') else user.has_perm(name))


def keys():
    own = getattr(settings, 'DJSESSION_ASK_KEY', None)
    secrets = [own] if own else [settings.SECRET_KEY] + list(getattr(settings, 'SECRET_KEY_FALLBACKS', []))
    return [hashlib.sha256(b'djsession.ask' + force_bytes(secret)).digest() for secret in secrets]


def seal(key, data):
    return hmac.new(key, data, hashlib.sha256).hexdigest()


def first(question):
    cache, nonce = caches[getattr(settings, 'DJSESSION_ASK_CACHE', 'default')], str(question['nonce'])
    if not isinstance(cache, (DummyCache, LocMemCache)):
        return cache.add('djsession-ask-' + nonce, 1, 3 * LATE)
    folder = os.path.join(tempfile.gettempdir(), 'djsession-ask-' + seal(keys()[0], b'folder')[:32])
    minute = int(question['time'] // 60)
    try:
        os.makedirs(os.path.join(folder, str(minute)), 0o700)
        for old in os.listdir(folder):
            if int(old) < minute - 2:
                shutil.rmtree(os.path.join(folder, old), True)
    except OSError:
        pass  # it is there
    try:
        os.mkdir(os.path.join(folder, str(minute), nonce))
    except OSError:
        return False
    return True


def refuse(why):
    response = HttpResponse('refused', status=403, content_type='text/plain')
    response['X-Djsession-Refused'] = why
    return response
