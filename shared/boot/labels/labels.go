// Package labels gives the database the bucket it keeps large labels in.
package labels

import (
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/fairlead/fairlead/shared/boot"
	"github.com/fairlead/fairlead/shared/document/s3blobs"
	"github.com/fairlead/fairlead/shared/store/dynamo"
)

// Store is the app's database with its bucket.
func Store(a *boot.App) *dynamo.Store {
	store := *a.Store()
	store.Blobs = Bucket(a)
	return &store
}

// Bucket keeps labels too large for an item, the rows of batches, and files to be downloaded.
func Bucket(a *boot.App) *s3blobs.Bucket {
	return &s3blobs.Bucket{Name: a.Env.LabelBucket, Client: s3.NewFromConfig(a.AWS(), func(o *s3.Options) {
		o.UsePathStyle = o.BaseEndpoint != nil // an emulator's bucket has no host name of its own
	})}
}
