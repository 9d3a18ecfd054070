package s3blobs_test

import (
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/fairlead/fairlead/infra/local/child"
	"github.com/fairlead/fairlead/infra/local/emulators"
	"github.com/fairlead/fairlead/shared/document/s3blobs"
)

func bucket(endpoint string) *s3blobs.Bucket {
	return &s3blobs.Bucket{Name: "labels", Client: s3.New(s3.Options{
		Region: "eu-west-1", BaseEndpoint: &endpoint, UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "not-a-secret", ""),
	})}
}

func TestAFileIsDownloadedByItsURLAlone(t *testing.T) {
	tools, err := emulators.Find("../../../infra/local")
	if err != nil {
		t.Fatal(err)
	}
	spawner := child.NewSpawner()
	t.Cleanup(spawner.Close)
	emulator, err := tools.QueuesAndBuckets(t.Context(), spawner, t.TempDir(), 0, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(emulator.Stop)
	b := bucket(emulator.URL)
	if _, err := b.Client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("labels")}); err != nil {
		t.Fatal(err)
	}
	const key, content = "ten_1/files/batch 1.pdf", "%PDF-1.6 \x00\xff"
	if err := b.PutFile(t.Context(), "ten_1", key, []byte(content), "application/pdf"); err != nil {
		t.Fatal(err)
	}
	at, err := b.URL(t.Context(), "ten_1", key, time.Minute, "application/pdf", "labels.pdf")
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Get(at)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK || string(got) != content || resp.Header.Get("Content-Type") != "application/pdf" {
		t.Errorf("answered %d, %q, %s", resp.StatusCode, got, resp.Header.Get("Content-Type"))
	}
	if same, err := b.Get(t.Context(), "ten_1", key); err != nil || string(same) != content {
		t.Errorf("Get gives %q, %v", same, err)
	}
}

// TestURL holds what the emulator does not look at: the signature, its time and what S3 is to answer with.
func TestURL(t *testing.T) {
	b := bucket("https://s3.example")
	sign := func(t *testing.T, file string) url.Values {
		t.Helper()
		at, err := b.URL(t.Context(), "ten_1", "ten_1/a.pdf", 15*time.Minute, "application/pdf", file)
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(at)
		if err != nil || u.Host != "s3.example" || u.Path != "/labels/ten_1/a.pdf" {
			t.Fatalf("URL is %s, %v", at, err)
		}
		return u.Query()
	}
	t.Run("is signed for its time, and needs no header", func(t *testing.T) {
		q := sign(t, "a.pdf")
		if q.Get("X-Amz-Expires") != "900" || q.Get("X-Amz-SignedHeaders") != "host" || len(q.Get("X-Amz-Signature")) != 64 {
			t.Errorf("query is %v", q)
		}
		if !strings.HasPrefix(q.Get("X-Amz-Credential"), "AKIDEXAMPLE/") || !strings.HasSuffix(q.Get("X-Amz-Credential"), "/eu-west-1/s3/aws4_request") {
			t.Errorf("credential is %s", q.Get("X-Amz-Credential"))
		}
	})
	t.Run("another file name is another signature", func(t *testing.T) {
		if sign(t, "a.pdf").Get("X-Amz-Signature") == sign(t, "b.pdf").Get("X-Amz-Signature") {
			t.Error("the answer's headers are not signed")
		}
	})
	for name, file := range map[string]string{"plain": "labels.pdf", "quotes and spaces": `my "first" labels.pdf`, "a foreign script": "ラベル.pdf", "line breaks": "a\r\nSet-Cookie: x.pdf"} {
		t.Run("tells the type and the file name: "+name, func(t *testing.T) {
			q := sign(t, file)
			says := q.Get("response-content-disposition")
			kind, params, err := mime.ParseMediaType(says)
			if err != nil || kind != "attachment" || params["filename"] != file || q.Get("response-content-type") != "application/pdf" {
				t.Errorf("%q reads as %q %q, %v; type %q", says, kind, params, err, q.Get("response-content-type"))
			}
			if strings.ContainsAny(says, "\r\n") {
				t.Errorf("%q breaks its line", says)
			}
		})
	}
	for _, ttl := range []time.Duration{0, -time.Hour, time.Millisecond, 7*24*time.Hour + time.Second} {
		t.Run("a life of "+ttl.String()+" is refused", func(t *testing.T) {
			if at, err := b.URL(t.Context(), "ten_1", "k", ttl, "application/pdf", "a.pdf"); err == nil {
				t.Errorf("URL is %s", at)
			}
		})
	}
}
