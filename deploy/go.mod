module koppi.internal/deploy

go 1.27.0

require (
	koppi.internal/gateway v0.0.0
	koppi.internal/pkg v0.0.0
	koppi.internal/proto v0.0.0
	koppi.internal/services/concern v0.0.0
)

require (
	github.com/alecthomas/kong v1.17.0 // indirect
	github.com/go-viper/mapstructure/v2 v2.4.0 // indirect
	github.com/knadh/koanf/maps v0.1.2 // indirect
	github.com/knadh/koanf/v2 v2.4.1 // indirect
	github.com/mitchellh/copystructure v1.2.0 // indirect
	github.com/mitchellh/reflectwalk v1.0.2 // indirect
)

replace koppi.internal/proto => ../proto

replace koppi.internal/pkg => ../pkg

replace koppi.internal/services/concern => ../services/concern

replace koppi.internal/gateway => ../gateway
