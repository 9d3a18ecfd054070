package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
)

// Document is a label, several of them, or an invoice.
type Document struct {
	MediaType string // such as application/zpl
	Name      string // a file's, "" when nobody gave one
	Data      []byte
}

// mediaTypes are those of the formats.
var mediaTypes = map[string]string{
	string(LabelFormatZPL): "application/zpl", string(LabelFormatGIF): "image/gif", string(LabelFormatPNG): "image/png",
	string(LabelFormatPDF): "application/pdf", string(PackFormatZip): "application/zip",
}

// document fetches a document. The gateway hands binary answers out as they are only to who names their media type
// alone; where the format is not known beforehand, a link is asked for and followed.
func (c *Client) document(ctx context.Context, r request, options []Option) (Document, error) {
	media := "application/json"
	if m, known := mediaTypes[r.query.Get("format")]; known {
		media = m
	} else if len(r.media) == 1 {
		media = r.media[0]
	}
	a, err := c.send(ctx, r, append([]Option{accept(media)}, options...))
	if err != nil {
		return Document{}, err
	}
	if a.Status == http.StatusSeeOther {
		return c.download(ctx, a.Header.Get("Location"))
	}
	if d := documentOf(a); d.MediaType != "application/json" {
		return d, nil
	}
	var link DocumentLink
	if err := json.Unmarshal(a.Body, &link); err != nil {
		return Document{}, fmt.Errorf("client: %s %s: the link to the document can't be read: %w", r.method, r.path, err)
	}
	d, err := c.download(ctx, link.URL)
	d.MediaType = link.MediaType
	return d, err
}

// download fetches a document from where it is kept. That is another place than the API: it gets no key, and errors do
// not name its URL, which is a permission in itself.
func (c *Client) download(ctx context.Context, at string) (Document, error) {
	u, err := url.Parse(at)
	if err != nil {
		return Document{}, errors.New("client: the document is said to be where no URL leads")
	}
	u = c.base.ResolveReference(u)
	if u.Scheme != "https" && (u.Scheme != "http" || c.base.Scheme == "https") {
		return Document{}, fmt.Errorf("client: the document is said to be at %s://%s, which is not safe to go to", u.Scheme, u.Host)
	}
	a, err := c.persist(ctx, func(bool) (Answer, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
		if err != nil {
			return Answer{}, errors.New("the document is said to be where no URL leads")
		}
		req.Header.Set("User-Agent", c.agent)
		a, err := receive(c.files, req)
		if e, ok := errors.AsType[*url.Error](err); ok {
			return a, fmt.Errorf("fetching a document from %s: %w", u.Host, e.Err)
		}
		if err == nil && a.Status != http.StatusOK {
			return a, &Problem{Status: a.Status, Title: http.StatusText(a.Status), Source: SourceFairlead,
				Detail: fmt.Sprintf("%s, which keeps the document, does not hand it out; ask the API for it again", u.Host)}
		}
		return a, err
	})
	if err != nil {
		return Document{}, err
	}
	return documentOf(a), nil
}

func documentOf(a Answer) Document {
	d := Document{MediaType: a.Header.Get("Content-Type"), Data: a.Body}
	if m, _, err := mime.ParseMediaType(d.MediaType); err == nil {
		d.MediaType = m
	}
	if _, p, err := mime.ParseMediaType(a.Header.Get("Content-Disposition")); err == nil {
		d.Name = p["filename"]
	}
	return d
}
