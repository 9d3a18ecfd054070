package provision

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/fairlead/fairlead/infra/local/template"
)

// A KMS that is not LocalStack gives its keys ids of its own, which the template's references do not mean.
func TestAKeyWithAnotherIDIsRefused(t *testing.T) {
	created := 0
	at := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".DescribeKey") {
			w.WriteHeader(http.StatusBadRequest)
			_ = json.NewEncoder(w).Encode(map[string]string{"__type": "NotFoundException"})
			return
		}
		created++
		_ = json.NewEncoder(w).Encode(map[string]any{"KeyMetadata": map[string]string{"KeyId": "another"}})
	}))
	t.Cleanup(at.Close)
	c := kms.New(kms.Options{Region: "us-east-1", BaseEndpoint: &at.URL, Credentials: credentials.NewStaticCredentialsProvider("local", "local", "")})
	err := Keys(t.Context(), c, []template.Key{{LogicalID: "DataKey", ID: "mine"}})
	if err == nil || !strings.Contains(err.Error(), "made a key with the id another where the template means mine") || created != 1 {
		t.Errorf("%v, %d created", err, created)
	}
}
