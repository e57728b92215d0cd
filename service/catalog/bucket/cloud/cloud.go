//go:build !nocloud

// Package cloud links the drivers of s3:// and gs:// into a program that imports it. The build tag nocloud leaves them out.
package cloud

import (
	"net/url"
	"time"

	"cloud.google.com/go/storage"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/googleapis/gax-go/v2"
	"gocloud.dev/blob"
	"gocloud.dev/blob/gcsblob"
	"gocloud.dev/blob/s3blob"

	"github.com/singoff/singoff/service/catalog/bucket"
)

func init() {
	bucket.Register(s3blob.Scheme, bucket.Driver{RawKey: s3Key, AnswerAs: s3AnswerAs})
	bucket.Register(gcsblob.Scheme, bucket.Driver{RawKey: gsKey, AnswerAs: gsAnswerAs, Opened: giveUp})
}

func s3Key(o *blob.ListObject) string {
	var object types.Object
	if o.As(&object) {
		return aws.ToString(object.Key)
	}
	return o.Key
}

func gsKey(o *blob.ListObject) string {
	var object storage.ObjectAttrs
	if o.As(&object) {
		return object.Name
	}
	return o.Key
}

func s3AnswerAs(as func(any) bool, mediaType string) {
	var in *s3.GetObjectInput
	if mediaType != "" && as(&in) {
		in.ResponseContentType = &mediaType
	}
}

func gsAnswerAs(as func(any) bool, mediaType string) {
	var options *storage.SignedURLOptions
	if mediaType != "" && as(&options) {
		options.Scheme = storage.SigningSchemeV4 // the older one signs no parameters
		options.QueryParameters = url.Values{"response-content-type": {mediaType}}
	}
}

// giveUp ends Google's tries after as many as Amazon's client makes: by itself it tries for ever, and neither the operator nor a player would be
// told that the store doesn't answer.
func giveUp(b *blob.Bucket) {
	var client *storage.Client
	if b.As(&client) {
		client.SetRetry(storage.WithMaxAttempts(3), storage.WithBackoff(gax.Backoff{Initial: 200 * time.Millisecond, Max: 2 * time.Second, Multiplier: 2}))
	}
}
