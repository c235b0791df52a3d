-- POST /v1/mint for the grant of $GRANT. wrk formats the request once.
dofile(os.getenv("HERE") .. "/answers.lua")
wrk.method = "POST"
wrk.path = "/v1/mint"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer " .. os.getenv("EDGEMINT_BENCH_API_KEY")
wrk.body = '{"grants":["' .. os.getenv("GRANT") .. '"],"subject":"listener-7"}'
