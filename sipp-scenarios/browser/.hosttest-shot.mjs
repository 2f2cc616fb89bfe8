import { logIn, startBrowser, wanted } from "./browser.mjs";
// node shot.mjs WIDTH HEIGHT PATH OUT [full] [dark]
const [,, W,H,path,out,...o]=process.argv;
const b=await startBrowser();
try{const c=await b.newContext({viewport:{width:+W,height:+H},colorScheme:o.includes('dark')?'dark':'light',timezoneId:'Europe/Berlin',locale:'en-GB',reducedMotion:'reduce'});
const p=await c.newPage();p.on('pageerror',e=>console.log('PAGEERR',e));await p.route('**/*.css*',r=>r.fulfill({path:'/work/main/webportal/assets/portal.css',contentType:'text/css'}));await logIn(p);await p.goto(wanted('PORTAL_URL')+'/rooms');
for(const [i,one] of path.split(',').entries()){await p.goto(wanted('PORTAL_URL')+one,{waitUntil:'load'});await p.waitForTimeout(900);
if(process.env.ACT)await p.evaluate(process.env.ACT);
const w=await p.evaluate(()=>document.documentElement.scrollWidth-innerWidth);if(w>0)console.log(one,'TOO WIDE',w);
await p.screenshot({path:out.replace('%',i),fullPage:o.includes('full')});}
}finally{await b.close()}
