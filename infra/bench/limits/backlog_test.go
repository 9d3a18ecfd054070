package limits

import "testing"

func backlog(t *testing.T, r *report) {}
