package api

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/fairlead/fairlead/shared/ship"
)

// Error is a failure the caller can do something about. Code is stable and for programs; Detail says what was
// wrong and what to do.
type Error struct {
	Status   int
	Code     string
	Detail   string
	Problems []ship.Problem
	Source   string // "" means fairlead
	Header   map[string]string
	Extra    map[string]any // further members of the problem document
}

// Error gives code and detail.
func (e *Error) Error() string { return e.Code + ": " + e.Detail }

// Invalid is 422: the body was understood and can't be accepted.
func Invalid(detail string, problems ...ship.Problem) *Error {
	return &Error{Status: http.StatusUnprocessableEntity, Code: "invalid_request", Detail: detail, Problems: problems}
}

// Malformed is 400: the request could not be read.
func Malformed(code, detail string, problems ...ship.Problem) *Error {
	return &Error{Status: http.StatusBadRequest, Code: code, Detail: detail, Problems: problems}
}

// NotFound is 404, also for another tenant's id: whether that exists is nobody else's business.
func NotFound(what, id string) *Error {
	return &Error{Status: http.StatusNotFound, Code: "not_found", Detail: fmt.Sprintf("There is no %s %q for this API key. Check the id, and that the key is of the mode (test or live) it was made in.", what, id)}
}

// typeOf is the type of a problem (RFC 9457): where this very deployment explains the code. Base is Request.Base; in
// GatewayResponses of the template it is /$context.stage.
func typeOf(base, code string) string { return base + "/v1/reference#error-" + code }

// document is the problem+json body.
func (e *Error) document(r Request) map[string]any {
	source := e.Source
	if source == "" {
		source = "fairlead"
	}
	doc := map[string]any{
		"type": typeOf(r.Base, e.Code), "title": title(e), "status": e.Status,
		"code": e.Code, "detail": e.Detail, "request_id": r.RequestID, "source": source,
	}
	if len(e.Problems) > 0 {
		doc["errors"] = e.Problems
	}
	for k, v := range e.Extra {
		doc[k] = v
	}
	return doc
}

// title is the code's own, or the status's for a code that the table does not know.
func title(e *Error) string {
	if c, ok := FindCode(e.Code); ok {
		return c.Title
	}
	return http.StatusText(e.Status)
}

// asError finds the *Error in err; anything else is a 500 that keeps its detail for the log.
func asError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Status: http.StatusInternalServerError, Code: "internal_error",
		Detail: "Something failed on our side. Nothing was lost: send the same request again with the same reference or Idempotency-Key."}
}
