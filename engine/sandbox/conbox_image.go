package sandbox

import (
	"bytes"
	"encoding/base64"
	"hash/fnv"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"path"
)

const (
	// maxImageSide is the largest picture that is drawn, in pixels.
	maxImageSide = 2000
	// plainImageSide is the size of a picture that nobody gave one for.
	plainImageSide = 48
	// maxImages is how many pictures are kept.
	maxImages = 1000
)

// imageCache keeps pictures that were drawn; the owner's lock guards it.
type imageCache map[imageName]string

type imageName struct {
	article       string
	width, height int
}

// encoded is a PNG in base64, of a colour that depends on the article.
func (c *imageCache) encoded(article string, width, height int) string {
	name := imageName{article, width, height}
	if text, drawn := (*c)[name]; drawn {
		return text
	}
	if len(*c) >= maxImages || *c == nil {
		*c = make(imageCache)
	}
	sum := fnv.New32a()
	sum.Write([]byte(article))
	hue := sum.Sum32()
	picture := image.NewPaletted(image.Rect(0, 0, width, height), color.Palette{
		color.RGBA{uint8(hue), uint8(hue >> 8), uint8(hue >> 16), 255}, color.White,
	})
	for y := range height {
		for x := range width {
			if (x/8+y/8)%2 == 0 {
				picture.SetColorIndex(x, y, 1)
			}
		}
	}
	var file bytes.Buffer
	// A picture in memory of at least one pixel always encodes.
	_ = png.Encode(&file, picture)
	text := base64.StdEncoding.EncodeToString(file.Bytes())
	(*c)[name] = text
	return text
}

// imageURL is a PosImgURL: an address of this server, to see who follows it.
func imageURL(call *conboxCall, p *ConboxPosition) string {
	return "http://" + call.Host + conboxImagePath + p.PositionGuid + ".png"
}

// noteFetch records a call of a PosImgURL, which is then answered with 404.
func (c *conbox) noteFetch(r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.journal.fault(&conboxCall{Request: r, receivedAt: c.now(), action: "invalid"}, ProtocolURLFetched, path.Base(r.URL.Path))
}
