package ups

import (
	"crypto/subtle"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/fairlead/fairlead/infra/carriersim/fault"
)

// token is the client credentials grant. Every value of its answer is a string, as UPS sends them.
func (u *UPS) token(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<10))
	form, parseErr := url.ParseQuery(string(raw))
	id, secret, ok := r.BasicAuth()
	switch merchant := r.Header.Get("x-merchant-id"); {
	case err != nil || parseErr != nil || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded"):
		refuse(w, http.StatusBadRequest, wireError{codeBadHeader, "Invalid/Missing Header or Body"})
		return
	case form.Get("grant_type") != "client_credentials":
		refuse(w, http.StatusBadRequest, wireError{codeBadHeader, "Invalid/Missing Grant Type"})
		return
	case !ok:
		refuse(w, http.StatusBadRequest, wireError{codeBadHeader, "Invalid/Missing Authorization Header"})
		return
	case merchant != "" && !(len(merchant) == 6 && allUpperAlnum(merchant)):
		refuse(w, http.StatusBadRequest, wireError{codeBadHeader, "Invalid Merchant Id"})
		return
	}
	if !u.known(id, secret) {
		refuse(w, http.StatusUnauthorized, wireError{codeBadClient, "ClientId is Invalid"})
		return
	}
	u.o.Runner.Run(w, r, call(fault.Token, r, "", func(time.Duration) fault.Answer {
		now := u.o.Now()
		token, err := u.o.Tokens.Issue(now.Add(u.o.TokenLife))
		if err != nil {
			return u.broken(err)
		}
		return answer(object{
			"token_type": "Bearer", "issued_at": fmt.Sprint(now.UnixMilli()), "client_id": id, "access_token": token,
			"expires_in": fmt.Sprint(int64(u.o.TokenLife / time.Second)), "status": "approved",
		})
	}))
}

func (u *UPS) known(id, secret string) bool {
	if id == "" || secret == "" {
		return false
	}
	if len(u.o.Clients) == 0 {
		return !strings.Contains(secret, "wrong")
	}
	want, ok := u.o.Clients[id]
	return ok && subtle.ConstantTimeCompare([]byte(want), []byte(secret)) == 1
}

// authorized lets only calls with a valid token pass.
func (u *UPS) authorized(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !ok || !u.o.Tokens.Valid(token, u.o.Now()) {
			// Read what was sent, so that the caller is not cut off before it sees the answer.
			_, _ = io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, maxBody))
			refuse(w, http.StatusUnauthorized, unauthorized())
			return
		}
		next(w, r)
	}
}
