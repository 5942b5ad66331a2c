package httpcookie

import "net/http"

// SameSite returns the mode of a SESSION_COOKIE_SAMESITE: "Lax", "Strict", "None", or
// "" for no attribute.
func SameSite(s string) http.SameSite {
	switch s {
	case "Lax":
		return http.SameSiteLaxMode
	case "Strict":
		return http.SameSiteStrictMode
	case "None":
		return http.SameSiteNoneMode
	}
	return http.SameSiteDefaultMode
}
