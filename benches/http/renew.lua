-- POST /renew as a page of the app sends it, with the session of $SESSION. wrk formats the request once.
dofile(os.getenv("HERE") .. "/answers.lua")
wrk.method = "POST"
wrk.path = "/renew"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Origin"] = "https://app.example.com"
wrk.headers["Sec-Fetch-Site"] = "same-site"
wrk.headers["Cookie"] = "__Host-edgemint=" .. os.getenv("SESSION")
wrk.body = "{}"
